/**
 * npm runs commands through a shell and, told to end, ends that shell: the command itself hears nothing. So where npm
 * is the caller, losing the parent is taken for the signal.
 */
export function onOrphaned(act: () => void): () => void {
  if (process.env.npm_command === undefined) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) act();
  }, 250);
  timer.unref();
  return () => clearInterval(timer);
}
