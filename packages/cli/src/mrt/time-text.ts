/** `2015-04-01 00:00:01` in UTC, with microseconds where the time has a fraction. */
export function timeText(timestampS: number): string {
  const seconds = Math.floor(timestampS);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const microseconds = Math.round((timestampS - seconds) * 1e6);
  return microseconds === 0 ? text : `${text}.${String(microseconds).padStart(6, '0')}`;
}
