import t from 'tap';
import { roomOf, storeRoom } from '../../node/store/store-room.js';

const MIB = 1024 * 1024;

t.test('a disk that is full or nearly so is told', async (t) => {
  t.same(roomOf('/s', 100 * MIB), { freeOctets: 100 * MIB, isFull: false, warning: undefined });
  t.match(roomOf('/s', 3 * MIB), {
    isFull: false,
    warning: 'The disk under /s, where the store is, has 3072 KiB left.',
  });
  t.match(roomOf('/s', 4096), { isFull: true, warning: /^The disk under \/s, where the store is, is full: pods/ });
});

t.test('a folder that is not there says nothing', async (t) => {
  t.equal(storeRoom('/nowhere/at/all'), undefined);
  t.ok(storeRoom('/')!.freeOctets >= 0);
});
