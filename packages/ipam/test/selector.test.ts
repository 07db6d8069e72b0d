import t from 'tap';
import { parseSelector } from '../src/index.js';

const labels = { rack: 'r1', zone: 'eu-west', 'kubernetes.io/os': 'linux', empty: '' };

t.test('selectors and what they say of one set of labels', async (t) => {
  const rows: readonly [string, boolean][] = [
    ['', true],
    ['all()', true],
    ['!all()', false],
    ['has(rack)', true],
    ['!has(rack)', false],
    ['has(toString)', false],
    ["rack == 'r1'", true],
    ['rack == "r1"', true],
    ["rack == 'r2'", false],
    ["rack != 'r2'", true],
    ["missing != 'r2'", true],
    ["missing == ''", false],
    ["empty == ''", true],
    ["rack in {'r1', 'r2'}", true],
    ["rack in {'r2'}", false],
    ['rack in {}', false],
    ["rack not in {'r2'}", true],
    ["missing not in {'r2'}", true],
    ["zone contains '-'", true],
    ["zone starts with 'eu'", true],
    ["zone ends with 'east'", false],
    ["missing starts with ''", false],
    ["kubernetes.io/os == 'linux'", true],
    ["rack == 'r2' || zone == 'eu-west'", true],
    ["rack == 'r2' || rack == 'r1' && zone == 'us'", false],
    ["(rack == 'r2' || rack == 'r1') && has(zone)", true],
    ["! (rack == 'r1')", false],
    ['  has( rack )&&has(zone)  ', true],
  ];
  for (const [text, expected] of rows) t.equal(parseSelector(text)(labels), expected, text);
});

t.test('a selector that is none says where and what would be right', async (t) => {
  const rows: readonly [string, string][] = [
    ['rack', 'column 5: expected ==, !=, in, not in, contains, starts with or ends with'],
    ['rack = 1', 'column 5: "= 1" is not understood'],
    ['rack == r1', "column 9: expected a text in quotes, like 'rack-1', found r1"],
    ['(has(rack)', 'column 11: expected )'],
    ['has(rack) has(zone)', 'column 11: expected &&, || or the end, found has'],
    ["rack in {'a' 'b'}", "column 14: expected }, found 'b'"],
    ['&& all()', 'column 1: expected all(), has(…) or a label, found &&'],
  ];
  for (const [text, reason] of rows) {
    t.throws(() => parseSelector(text), { code: 'ERR_IPAM_SELECTOR', message: `selector "${text}", ${reason}` });
  }
});
