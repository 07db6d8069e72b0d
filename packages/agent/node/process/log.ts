/** The agent's log: pino, one JSON object a line on standard output, secrets cut out wherever they may stand. */
import { type DestinationStream, type Logger, pino } from 'pino';

const SECRETS = ['password', 'token', 'authorization'];

export function createLog(level: string, node: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { node },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]),
      censor: '[redacted]',
    },
  };
  return destination ? pino(options, destination) : pino(options);
}
