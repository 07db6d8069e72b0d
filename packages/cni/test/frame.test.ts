import fc from 'fast-check';
import t from 'tap';
import { bodyOctets, CniError, decodeQuestion, encodeAnswer, HEADER_OCTETS } from '../src/index.js';
import { encodeQuestion, invocation } from './call.js';

const text = (octets: Uint8Array): string => Buffer.from(octets).toString();

t.test('a question comes out as it went in', async () => {
  const word = fc.string({ maxLength: 40 });
  const call = fc.record({ command: word, containerId: word, netns: word, ifName: word, args: word });
  fc.assert(
    fc.property(call, fc.uint8Array({ maxLength: 200 }), (variables, stdin) => {
      const question = encodeQuestion({ ...variables, stdin });
      const { stdin: octets, ...rest } = decodeQuestion(question.subarray(HEADER_OCTETS), text);
      return (
        bodyOctets(question) === question.length - HEADER_OCTETS &&
        JSON.stringify(rest) === JSON.stringify(variables) &&
        Buffer.compare(octets, stdin) === 0
      );
    }),
  );
});

t.test('a question cut anywhere, or with something behind it, is refused', async (t) => {
  const body = encodeQuestion(invocation()).subarray(HEADER_OCTETS);
  for (let cut = 0; cut < body.length; cut++) {
    t.throws(() => decodeQuestion(body.subarray(0, cut), text), { code: 'ERR_CNI_DECODE' }, `cut at ${cut}`);
  }
  t.throws(() => decodeQuestion(Buffer.concat([body, Buffer.of(0)]), text), { message: /1 octets are left over/ });
});

t.test('lengths are held to their limits before anything is read', async (t) => {
  const header = (magic: string, octets: number): Buffer => {
    const bytes = Buffer.from(`${magic}....`);
    bytes.writeUInt32BE(octets, 4);
    return bytes;
  };
  t.equal(bodyOctets(header('TCN1', 1024)), 1024);
  t.throws(() => bodyOctets(header('TCN2', 1024)), { code: 'ERR_CNI_DECODE', message: /begin with TCN1/ });
  t.throws(() => bodyOctets(header('GET ', 1024)), CniError);
  t.throws(() => bodyOctets(header('TCN1', 0xffffffff)), { message: /4294967295 octets are more than/ });
  const long = encodeQuestion({ ...invocation(), args: 'x'.repeat(64 * 1024 + 1) });
  t.throws(() => decodeQuestion(long.subarray(HEADER_OCTETS), text), { message: /field of 65537 octets/ });
});

t.test('an answer: length, exit status, text', async (t) => {
  t.equal(Buffer.from(encodeAnswer(1, Buffer.from('{}\n'))).toString('hex'), '54434e3100000004017b7d0a');
  t.equal(Buffer.from(encodeAnswer(0, Buffer.alloc(0))).toString('hex'), '54434e310000000100');
});
