/** FNV-1, 32 bits, over the UTF-16 code units of a text: spreads nodes over a pool. Not for anything hostile. */
export function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash, 0x01000193) ^ text.charCodeAt(at);
  }
  return hash >>> 0;
}
