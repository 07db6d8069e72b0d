// Draws what the rig measured: `npm run bench -- plots [--results bench/results.jsonl]` writes bench/plots/*.svg, one drawing
// per case, with a panel per figure: a bar for the median of a device's runs, a dot for each run.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const NAMES = { none: 'copier', bird: 'BIRD', frr: 'FRR', openbgpd: 'OpenBGPD', gobgp: 'GoBGP', tortie: 'Tortie' };
const PANELS = [
  ['announce', 'recv_last_s', 'last route, s'],
  ['announce', 'dut_cpu_s', 'processor time, s'],
  ['announce', 'dut_rss_mb', 'resident, MB'],
  ['churn', 'recv_last_s', 'churn of 10 %, s'],
  ['withdraw', 'recv_last_s', 'withdrawn, s'],
  ['latency', 'last_p50_us', 'one change, p50, ms', 1000],
  ['latency', 'last_p99_us', 'one change, p99, ms', 1000],
];
const WIDTH = 190;
const NAME_WIDTH = 80;
const ROW = 22;
const TOP = 58;
const GAP = 26;

const median = (numbers) => {
  const sorted = numbers.toSorted((x, y) => x - y);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};
const shown = (number) => (number >= 100 ? number.toFixed(0) : number >= 10 ? number.toFixed(1) : number.toFixed(2));

/** Runs by case and device; a line of the rig is labelled `DEVICE MODE R=n R6=n N=n`. */
function readRuns(file) {
  const cases = new Map();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const { label, phases, error } = JSON.parse(line);
    if (error !== undefined) continue;
    const [device, ...rest] = label.split(' ');
    const name = rest.join(' ');
    if (!cases.has(name)) cases.set(name, new Map());
    const devices = cases.get(name);
    devices.set(device, [...(devices.get(device) ?? []), phases]);
  }
  return cases;
}

function titleOf(name) {
  const [, mode, ipv4, ipv6, receivers] = /^(\w+) R=(\d+) R6=(\d+) N=(\d+)$/.exec(name);
  const routes = [
    ipv4 !== '0' && `${Number(ipv4).toLocaleString('en')} IPv4`,
    ipv6 !== '0' && `${Number(ipv6).toLocaleString('en')} IPv6`,
  ];
  const way =
    mode === 'ibgp'
      ? `reflected to ${receivers} clients`
      : `one sender, ${receivers === '1' ? 'one receiver' : `${receivers} receivers`}`;
  return `${routes.filter(Boolean).join(' and ')} routes, ${way}`;
}

/** One figure of all devices. */
function panel(devices, [phase, key, title, unit = 1], left) {
  const rows = [...devices].map(([device, runs]) => ({
    device,
    values: runs
      .flatMap((phases) => phases.find((each) => each.phase === phase)?.[key] ?? [])
      .map((value) => value / unit),
  }));
  const most = Math.max(...rows.flatMap(({ values }) => values));
  const scale = (value) => (value / most) * (WIDTH - 46);
  const parts = [`<text class="title" x="${left}" y="${TOP - 10}">${title}</text>`];
  for (const [index, { device, values }] of rows.entries()) {
    if (values.length === 0) continue;
    const y = TOP + index * ROW;
    const middle = median(values);
    const kind = device === 'tortie' ? 'ours' : device === 'none' ? 'floor' : 'peer';
    parts.push(
      `<rect class="${kind}" x="${left}" y="${y + 4}" width="${scale(middle).toFixed(1)}" height="${ROW - 8}"/>`,
    );
    for (const value of values) {
      parts.push(`<circle cx="${(left + scale(value)).toFixed(1)}" cy="${y + ROW / 2}" r="2"/>`);
    }
    const end = left + scale(Math.max(...values)) + 6;
    parts.push(`<text x="${end.toFixed(1)}" y="${y + ROW / 2 + 4}">${shown(middle)}</text>`);
  }
  return parts.join('\n');
}

function drawing(name, devices) {
  const sorted = new Map(
    Object.keys(NAMES).flatMap((device) => (devices.has(device) ? [[device, devices.get(device)]] : [])),
  );
  const measured = ([phase, key]) =>
    [...sorted.values()]
      .flat()
      .some((phases) => phases.some((each) => each.phase === phase && each[key] !== undefined));
  const panels = PANELS.filter(measured);
  const width = NAME_WIDTH + panels.length * (WIDTH + GAP);
  const height = TOP + sorted.size * ROW + 12;
  const names = [...sorted.keys()].map(
    (device, index) =>
      `<text x="${NAME_WIDTH - 10}" y="${TOP + index * ROW + ROW / 2 + 4}" text-anchor="end">${NAMES[device]}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${titleOf(name)}</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.head { font-weight: 600; font-size: 14px; }
.title { fill: #57606a; }
.paper { fill: #ffffff; }
.ours { fill: #d4742c; }
.peer { fill: #8c959f; }
.floor { fill: #d0d7de; }
circle { fill: #24292f; fill-opacity: 0.55; }
</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="head" x="10" y="24">${titleOf(name)}</text>
${names.join('\n')}
${panels.map((each, index) => panel(sorted, each, NAME_WIDTH + index * (WIDTH + GAP))).join('\n')}
</svg>
`;
}

/** Writes a drawing per case into `folder`; gives their paths. */
export function drawPlots(results, folder) {
  mkdirSync(folder, { recursive: true });
  const files = [];
  for (const [name, devices] of readRuns(results)) {
    const file = join(
      folder,
      `${name
        .replace(/R6=0 |R=0 /, '')
        .replace(/[ =]/g, '-')
        .toLowerCase()}.svg`,
    );
    writeFileSync(file, drawing(name, devices));
    files.push(file);
  }
  return files;
}
