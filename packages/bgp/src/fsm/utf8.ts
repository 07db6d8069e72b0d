/** UTF-8 in pure ECMAScript: the core has no TextEncoder. For short texts. */

export function utf8Encode(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
  const octets: number[] = [];
  for (let at = 0; at < escaped.length; at++) {
    if (escaped[at] === '%') {
      octets.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
      at += 2;
    } else {
      octets.push(escaped.charCodeAt(at));
    }
  }
  return Uint8Array.from(octets);
}

/** undefined where the octets are no UTF-8. */
export function utf8Decode(octets: Uint8Array): string | undefined {
  let escaped = '';
  for (const octet of octets) escaped += `%${octet.toString(16).padStart(2, '0')}`;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}
