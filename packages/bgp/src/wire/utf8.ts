/** UTF-8 without the platform's TextEncoder, which the core's compiler settings leave out. */

/** The text; octets that are no UTF-8 become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = '';
  let at = start;
  while (at < end) {
    const first = bytes[at++]!;
    const extra = first < 0x80 ? 0 : first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : -1;
    if (extra < 0 || first >= 0xf5) {
      text += '\ufffd';
      continue;
    }
    let point = extra === 0 ? first : first & (0x3f >> extra);
    let taken = 0;
    while (taken < extra && at < end && (bytes[at]! & 0xc0) === 0x80) {
      point = (point << 6) | (bytes[at++]! & 0x3f);
      taken++;
    }
    text += taken === extra && isPoint(point, extra) ? String.fromCodePoint(point) : '\ufffd';
  }
  return text;
}

/** Neither overlong, nor a surrogate, nor beyond Unicode. */
const isPoint = (point: number, extra: number): boolean =>
  point >= [0, 0x80, 0x800, 0x10000][extra]! && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);

/** The octets; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const octets: number[] = [];
  for (const character of text) {
    const raw = character.codePointAt(0)!;
    const point = raw >= 0xd800 && raw <= 0xdfff ? 0xfffd : raw;
    if (point < 0x80) octets.push(point);
    else if (point < 0x800) octets.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000) octets.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else {
      octets.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f));
      octets.push(0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    }
  }
  return Uint8Array.from(octets);
}
