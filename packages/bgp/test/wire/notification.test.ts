/** RFC 9003 texts, RFC 8538 hard resets, RFC 7313 lengths. */
import t from 'tap';
import { EncodeError, NotificationError } from '../../src/errors.js';
import type { NotificationMessage } from '../../src/wire/message.js';
import {
  hardReset,
  insideHardReset,
  notificationOf,
  shutdownCommunication,
  shutdownNotification,
} from '../../src/wire/notification.js';
import { decodeRouteRefresh } from '../../src/wire/route-refresh.js';
import { decodeUtf8, encodeUtf8 } from '../../src/wire/utf8.js';
import { hexOf, octets } from '../corpus/hex.js';

const cease = (errorSubcode: number, data: string): NotificationMessage => ({
  type: 'notification',
  errorCode: 6,
  errorSubcode,
  data: octets(data),
});

const TEXTS: readonly { name: string; message: NotificationMessage; text: string | undefined }[] = [
  { name: 'a shutdown', message: cease(2, '02 6869'), text: 'hi' },
  { name: 'a reset', message: cease(4, '02 c3bc'), text: 'ü' },
  { name: 'no text', message: cease(2, ''), text: undefined },
  { name: 'a text of length 0', message: cease(2, '00'), text: undefined },
  { name: 'a length too long', message: cease(2, '03 6869'), text: undefined },
  { name: 'octets left over', message: cease(2, '01 6869'), text: undefined },
  { name: 'another Cease', message: cease(1, '02 6869'), text: undefined },
  { name: 'octets that are no UTF-8', message: cease(2, '03 61 ff 62'), text: 'a\ufffdb' },
];
for (const { name, message, text } of TEXTS) {
  t.test(`the text in ${name}`, (t) => {
    t.equal(shutdownCommunication(message), text);
    t.end();
  });
}

t.test('a shutdown notification carries its text back', (t) => {
  t.equal(shutdownCommunication(shutdownNotification(2, 'Wartung um 23 Uhr ☂')), 'Wartung um 23 Uhr ☂');
  t.equal(shutdownNotification(4).data.length, 0);
  t.equal(shutdownNotification(2, 'x'.repeat(255)).data.length, 256);
  t.throws(() => shutdownNotification(2, 'ü'.repeat(128)), EncodeError);
  t.end();
});

t.test('a hard reset holds the notification it stands for', (t) => {
  const inner = cease(2, '02 6869');
  const outer = hardReset(inner);
  t.match(outer, { errorCode: 6, errorSubcode: 9 });
  t.equal(hexOf(outer.data), '0602026869');
  t.strictSame(insideHardReset(outer), inner);
  t.equal(insideHardReset(inner), undefined);
  t.equal(insideHardReset(cease(9, '06')), undefined);
  t.end();
});

t.test('an error becomes the notification that tells of it', (t) => {
  const message = notificationOf(new NotificationError(3, 1, 'for the test', octets('aabb')));
  t.strictSame(message, { type: 'notification', errorCode: 3, errorSubcode: 1, data: octets('aabb') });
  t.end();
});

t.test('a BoRR or EoRR of another length is 7/1 with the whole message', (t) => {
  for (const subtype of ['01', '02']) {
    const bytes = octets(`${'ff'.repeat(16)} 0018 05 0001 ${subtype} 01 00`);
    try {
      decodeRouteRefresh(bytes, 19, bytes.length);
      t.fail('it was taken');
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      t.strictSame([error.errorCode, error.errorSubcode, error.data], [7, 1, bytes]);
    }
  }
  t.equal(
    decodeRouteRefresh(octets('0001 07 01 00'), 0, 5).subtype,
    7,
    'an unknown subtype is for the session to ignore',
  );
  t.end();
});

t.test('UTF-8 as the platform has it', (t) => {
  for (const text of ['', 'abc', 'ü', '\u07ff\u0800\uffff', '😀𝒳', 'a\u0000b', '\ud800x', 'x\udc00']) {
    t.strictSame(encodeUtf8(text), Uint8Array.from(new TextEncoder().encode(text)), JSON.stringify(text));
  }
  for (const hex of [
    'c3bc',
    'f09f9880',
    'edbfbf',
    'c0af',
    'f8808080',
    '80',
    'e282',
    'f4908080',
    'eda080',
    'ff',
    'e0808061',
  ]) {
    const ours = decodeUtf8(octets(hex));
    const sound = /^[^\ufffd]*$/.test(new TextDecoder().decode(octets(hex)));
    if (sound) t.equal(ours, new TextDecoder().decode(octets(hex)), hex);
    else t.match(ours, /\ufffd/, hex);
  }
  t.end();
});
