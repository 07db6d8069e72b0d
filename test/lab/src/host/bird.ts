/** A real BIRD 2 inside a host. */
import { rmSync, writeFileSync } from 'node:fs';
import { LabError } from '../errors.js';
import { until } from '../until.js';
import { type BirdProtocol, birdProtocols } from './bird-answers.js';
import { askBird, birdText } from './bird-control.js';
import { allInContainers } from './containers.js';
import type { Host } from './host.js';
import type { LabProcess } from './process.js';

export class Bird {
  readonly host: Host;
  readonly configFile: string;
  readonly controlSocket: string;
  #process: LabProcess;

  private constructor(host: Host, configFile: string, controlSocket: string, started: LabProcess) {
    this.host = host;
    this.configFile = configFile;
    this.controlSocket = controlSocket;
    this.#process = started;
  }

  /** Starts BIRD and waits until it answers. Throws LabError with BIRD's own words when it refuses its configuration. */
  static async start(host: Host, config: string, name = 'bird'): Promise<Bird> {
    const configFile = host.path(`${name}.conf`);
    const controlSocket = host.path(`${name}.ctl`);
    writeFileSync(configFile, config, { mode: 0o600 });
    const started = await Bird.#spawn(host, name, configFile, controlSocket);
    const bird = new Bird(host, configFile, controlSocket, started);
    await bird.#answers();
    return bird;
  }

  static async #spawn(
    host: Host,
    name: string,
    configFile: string,
    controlSocket: string,
    more: readonly string[] = [],
  ): Promise<LabProcess> {
    rmSync(controlSocket, { force: true });
    const files = ['-c', configFile, '-s', controlSocket, '-P', host.path(`${name}.pid`)];
    const args = ['-f', ...files, ...more];
    if (!host.plan.container && !allInContainers()) return host.spawn('bird', args, { name });
    const pidFile = host.path(`${name}.container`);
    rmSync(pidFile, { force: true });
    const [command, env] = (await host.containers()).birdCommand(host.directory, pidFile, args);
    return host.spawn('podman', command, { name, env, pidFile });
  }

  async #answers(): Promise<void> {
    await until(
      async () => {
        if (this.#process.ended !== undefined) return true;
        await askBird(this.controlSocket, 'show status');
        return true;
      },
      { what: `BIRD on ${this.host.name}`, deadlineMs: 60_000, everyMs: 20 },
    );
    this.#process.assertRunning();
  }

  get process(): LabProcess {
    return this.#process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What birdc would print: `birdc('show route all')`. */
  async birdc(command: string): Promise<string> {
    return birdText(await askBird(this.controlSocket, command));
  }

  async protocols(): Promise<BirdProtocol[]> {
    return birdProtocols(await askBird(this.controlSocket, 'show protocols all'));
  }

  /** The session of a protocol, by BIRD's name of it. */
  async protocol(name: string): Promise<BirdProtocol> {
    const found = (await this.protocols()).find((each) => each.name === name);
    if (!found) throw new LabError('ERR_LAB_BIRD', `BIRD on ${this.host.name} has no protocol ${name}`);
    return found;
  }

  /** Changes the configuration of the running BIRD. */
  async reconfigure(config: string): Promise<void> {
    writeFileSync(this.configFile, config, { mode: 0o600 });
    await this.birdc('configure');
  }

  /** Ends BIRD: SIGTERM lets it say good-bye to its peers, SIGKILL does not. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    return this.#process.stop(signal);
  }

  /** Starts it again with the configuration it has; further arguments like `-R`, recovery from a graceful restart. */
  async restart(signal: NodeJS.Signals = 'SIGTERM', args: readonly string[] = []): Promise<void> {
    await this.stop(signal);
    const name = this.configFile.replace(/^.*\/|\.conf$/g, '');
    this.#process = await Bird.#spawn(this.host, name, this.configFile, this.controlSocket, args);
    await this.#answers();
  }
}

/** Starts BIRD on a host with this configuration. */
export const startBird = (host: Host, config: string, name?: string): Promise<Bird> => Bird.start(host, config, name);

/** Asks BIRD as birdc would. */
export const birdc = (bird: Bird, command: string): Promise<string> => bird.birdc(command);
