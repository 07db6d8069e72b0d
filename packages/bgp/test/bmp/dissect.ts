/** What tshark makes of BMP messages: each in a TCP segment of its own, in a capture file of raw IPv4 packets. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PORT = 1790;
const RAW_IP = 101;

/** The fields of one message as tshark names them; a field that comes several times has all its values. */
export type Dissected = Readonly<Record<string, readonly string[]>>;

function capture(messages: readonly Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(0x40000, 16);
  head.writeUInt32LE(RAW_IP, 20);
  let sequence = 1;
  const packets = messages.map((message, index) => {
    const ip = Buffer.alloc(40);
    ip[0] = 0x45;
    ip.writeUInt16BE(40 + message.length, 2);
    ip[8] = 64;
    ip[9] = 6;
    ip.set([192, 0, 2, 1, 192, 0, 2, 2], 12);
    ip.writeUInt16BE(40000, 20);
    ip.writeUInt16BE(PORT, 22);
    ip.writeUInt32BE(sequence, 24);
    ip[32] = 0x50;
    ip[33] = 0x18;
    ip.writeUInt16BE(65535, 34);
    sequence += message.length;
    const record = Buffer.alloc(16);
    record.writeUInt32LE(index, 0);
    record.writeUInt32LE(ip.length + message.length, 8);
    record.writeUInt32LE(ip.length + message.length, 12);
    return Buffer.concat([record, ip, message]);
  });
  return Buffer.concat([head, ...packets]);
}

/** `fields`: those to be asked for, beside `malformed`. */
export function dissect(messages: readonly Uint8Array[], fields: readonly string[]): readonly Dissected[] {
  const folder = mkdtempSync(join(tmpdir(), 'tortie-bmp-'));
  try {
    const file = join(folder, 'bmp.pcap');
    writeFileSync(file, capture(messages));
    const asked = [...fields, '_ws.malformed', '_ws.expert.message'];
    const text = execFileSync(
      'tshark',
      [
        '-r',
        file,
        '-d',
        `tcp.port==${PORT},bmp`,
        '-T',
        'fields',
        '-E',
        'aggregator=|',
        ...asked.flatMap((each) => ['-e', each]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    return text
      .trimEnd()
      .split('\n')
      .map((line) => {
        const values = line.split('\t');
        return Object.fromEntries(
          asked.map((field, index) => [field, (values[index] ?? '').split('|').filter(Boolean)]),
        );
      });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
