import t from 'tap';
import { type BirdLine, birdProtocols } from '../../src/index.js';

const lines = (text: string): BirdLine[] =>
  text.split('\n').map((line) => ({ code: /^\S/.test(line) ? 1002 : 1006, text: line }));

t.test('show protocols all', async (t) => {
  const answer = lines(`device1    Device     ---        up     10:55:13.920  
a_v4       BGP        ---        up     10:55:13.920  Established   
  BGP state:          Established
    Neighbor address: 10.0.0.9
    Neighbor AS:      64512
  Channel ipv4
    Routes:         2 imported, 1 filtered, 3 exported, 0 preferred
  Channel ipv6
    Routes:         4 imported, 5 exported, 0 preferred
b_v4       BGP        ---        start  2026-01-02 10:55:13  Active        Socket: Connection refused
c_v4       BGP        ---        down   10:55:13.920`);
  t.same(birdProtocols(answer), [
    { name: 'device1', type: 'Device', state: 'up', info: '', imported: 0, filtered: 0, exported: 0 },
    {
      name: 'a_v4',
      type: 'BGP',
      state: 'up',
      info: 'Established',
      neighborAddress: '10.0.0.9',
      neighborAsn: 64512,
      imported: 6,
      filtered: 1,
      exported: 8,
    },
    {
      name: 'b_v4',
      type: 'BGP',
      state: 'start',
      info: 'Active        Socket: Connection refused',
      imported: 0,
      filtered: 0,
      exported: 0,
    },
    { name: 'c_v4', type: 'BGP', state: 'down', info: '', imported: 0, filtered: 0, exported: 0 },
  ]);
});
