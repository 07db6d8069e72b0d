/** OPENs that are refused, each with the NOTIFICATION that says so. */
import t from 'tap';
import { NotificationError } from '../../src/errors.js';
import { checkOpen } from '../../src/fsm/check-open.js';
import type { FsmConfig } from '../../src/fsm/config.js';
import type { Role } from '../../src/wire/capability/role.js';
import type { OpenMessage } from '../../src/wire/message.js';
import { config, multiprotocol, open } from './fixtures.js';

const good: OpenMessage = { type: 'open', version: 4, ...open };
const ibgp: Partial<FsmConfig> = { remoteAsn: 65001 };
const says = (...roles: number[]): Partial<OpenMessage> => ({
  capabilities: [...multiprotocol, ...roles.map((role) => ({ type: 'role', role }) as const)],
});
/** Table 2 of RFC 9234: our role, and the number of the one that goes with it. */
const PAIRS: readonly (readonly [Role, number])[] = [
  ['provider', 3],
  ['customer', 0],
  ['rs', 2],
  ['rs-client', 1],
  ['peer', 4],
];

const refused: readonly (readonly [string, Partial<OpenMessage>, Partial<FsmConfig>, number, string])[] = [
  ['another version', { version: 3 }, {}, 1, '0004'],
  ['another AS', { asn: 65003 }, {}, 2, ''],
  ['AS 0 (RFC 7607)', { asn: 0 }, {}, 2, ''],
  ['AS_TRANS without the 4-octet number', { asn: 23456 }, {}, 2, ''],
  ['router ID 0', { routerId: 0 }, {}, 3, ''],
  ['our router ID in our AS (RFC 6286)', { routerId: 0x0a000001, asn: 65001 }, ibgp, 3, ''],
  ['hold time 1', { holdTimeS: 1 }, {}, 6, ''],
  ['hold time 2', { holdTimeS: 2 }, {}, 6, ''],
  ['two roles', says(0, 3), {}, 11, ''],
  ['two roles, one of which goes with ours', says(0, 3), { role: 'customer' }, 11, ''],
  ['no role where one is required', {}, { role: 'peer', roleStrict: true }, 11, ''],
  ['a role that nobody knows', says(5), { role: 'peer' }, 11, ''],
  ['no family in common', { capabilities: [] }, { families: [false, true] }, 7, '010400020001'],
];

t.test('refused', (t) => {
  for (const [title, change, fsm, subcode, data] of refused) {
    const error = checkOpen({ ...good, ...change }, { ...config, ...fsm });
    if (!(error instanceof NotificationError)) t.fail(`${title} was accepted`);
    else {
      t.match(error, { errorCode: 2, errorSubcode: subcode }, title);
      t.equal(Buffer.from(error.data).toString('hex'), data, `${title}: data`);
    }
  }
  t.end();
});

const accepted: readonly (readonly [string, Partial<OpenMessage>, Partial<FsmConfig>])[] = [
  ['as expected', {}, {}],
  ['our router ID in another AS (RFC 6286 section 2.2)', { routerId: 0x0a000001 }, {}],
  ['hold time 0', { holdTimeS: 0 }, {}],
  ['hold time 3', { holdTimeS: 3 }, {}],
  ['no capabilities at all: IPv4 unicast', { capabilities: [] }, {}],
  ['one family of two', { capabilities: multiprotocol.slice(1) }, {}],
  ['a role where we have none', says(0), {}],
  ['no role where ours is not strict', {}, { role: 'customer' }],
  ['the same role twice', says(0, 0), { role: 'customer', roleStrict: true }],
  ['two roles inside an AS', { ...says(0, 3), asn: 65001 }, ibgp],
];

t.test('accepted', (t) => {
  for (const [title, change, fsm] of accepted) {
    t.notOk(checkOpen({ ...good, ...change }, { ...config, ...fsm }) instanceof NotificationError, title);
  }
  t.end();
});

t.test('each role goes with exactly one other', (t) => {
  for (const [role, opposite] of PAIRS) {
    for (const theirs of [0, 1, 2, 3, 4]) {
      const checked = checkOpen({ ...good, ...says(theirs) }, { ...config, role });
      const fits = theirs === opposite;
      t.match(checked, fits ? { asn: 65002 } : { errorCode: 2, errorSubcode: 11 }, `${role} with ${theirs}`);
    }
  }
  t.end();
});
