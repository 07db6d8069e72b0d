/** Netlink integers are in the byte order of the machine, unlike everything else on a network. */
export const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** A view over the same octets. */
export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Rounds up to the four octets on which netlink messages and attributes are aligned. */
export const align4 = (length: number): number => (length + 3) & ~3;
