/** BMP vectors both ways, cut at every octet, and a stream of them cut at every place. */
import t from 'tap';
import { BmpError, BmpFramer, decodeBmp, encodeBmp } from '../../src/index.js';
import { hexOf, octets } from '../corpus/hex.js';
import { BMP_VECTORS } from '../vectors/bmp.js';

t.test('messages decode to their values and encode to their octets', (t) => {
  for (const { name, hex, value } of BMP_VECTORS) {
    const bytes = octets(hex);
    t.strictSame(decodeBmp(bytes), value, `${name}: decodes`);
    t.equal(hexOf(encodeBmp(value)), hexOf(bytes), `${name}: encodes`);
  }
  t.end();
});

t.test('a message that is cut is a BmpError, never anything else', (t) => {
  for (const { name, hex } of BMP_VECTORS) {
    const bytes = octets(hex);
    for (let end = 0; end < bytes.length; end++) {
      t.throws(() => decodeBmp(bytes.subarray(0, end)), { name: 'BmpError' }, `${name}, ${end} octets`);
      // The same with a header that tells of no more than there is.
      const shortened = bytes.slice(0, end);
      if (end < 6) continue;
      shortened[4] = end;
      try {
        decodeBmp(shortened);
      } catch (error) {
        if (!(error instanceof BmpError)) t.fail(`${name}, ${end} octets: ${String(error)}`);
      }
    }
  }
  t.end();
});

t.test('a stream cut anywhere gives the same messages', (t) => {
  const all = BMP_VECTORS.map(({ hex }) => hexOf(octets(hex)));
  const stream = octets(all.join(''));
  for (let cut = 1; cut < stream.length; cut++) {
    const framer = new BmpFramer();
    const found = [...framer.push(stream.subarray(0, cut)), ...framer.push(stream.subarray(cut))];
    if (found.map(hexOf).join() !== all.join()) t.fail(`cut at ${cut}`);
  }
  const framer = new BmpFramer();
  const found = [...stream].flatMap((octet) => [...framer.push(Uint8Array.of(octet))]);
  t.equal(found.map(hexOf).join(), all.join(), 'one octet at a time');
  t.end();
});

t.test('what is no BMP is said to be none', (t) => {
  for (const hex of ['01 00000006 04', '03 00000005 04', '03 7fffffff 04']) {
    t.throws(() => new BmpFramer().push(octets(hex)), { code: 'ERR_BGP_BMP' });
  }
  t.end();
});

t.test('a statistic longer than any number is passed over', (t) => {
  const peer = '00'.repeat(42);
  const long = `0063 0009 ${'ff'.repeat(9)}`;
  const body = `${peer} 00000003 0000 0004 00000005 ${long} 0007 0008 0000000000000006`;
  const message = decodeBmp(octets(`03 ${(6 + octets(body).length).toString(16).padStart(8, '0')} 01 ${body}`));
  t.same(message.type === 'statistics-report' && message.statistics.map(({ type, value }) => [type, Number(value)]), [
    [0, 5],
    [7, 6],
  ]);
  t.end();
});
