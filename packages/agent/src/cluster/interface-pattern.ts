/** Whether a name of an interface is meant, as Calico writes it for BIRD: `*` is any text, `?` any character, also at the beginning. */
export function isInterface(pattern: string, name: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'u').test(name);
}
