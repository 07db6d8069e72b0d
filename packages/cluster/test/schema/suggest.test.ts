import t from 'tap';
import { suggest } from '../../src/schema/index.js';

const KNOWN = ['remoteAddress', 'remoteAsn', 'holdTimeS', 'passive', 'password', 'asn'];

t.test('the nearest known name', async (t) => {
  for (const [written, meant] of [
    ['hold_time', 'holdTimeS'],
    ['holdTime', 'holdTimeS'],
    ['HOLDTIMES', 'holdTimeS'],
    ['remote-asn', 'remoteAsn'],
    ['remoteAdress', 'remoteAddress'],
    ['pasive', 'passive'],
    ['pasword', 'password'],
    ['ans', 'asn'],
    ['neighbour', undefined],
    ['x', undefined],
  ] as const) {
    t.equal(suggest(written, KNOWN), meant, written);
  }
});
