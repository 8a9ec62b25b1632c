import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const probe = new URL('heap-probe.ts', import.meta.url).href;

/** Bytes, after garbage was collected. */
export interface Memory {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
}

/** A line of the gateway's log about one request. */
export interface RequestLine {
  readonly id: string;
  readonly outcome: string;
  readonly backend?: string;
  readonly status: number;
  readonly attempts: number;
  readonly code?: string;
  readonly error?: string;
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
}

/** `headrace start` in a process of its own, from files as a user writes them. */
export class GatewayChild {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  readonly #requests: RequestLine[] = [];
  /** Lines of the log that are about no request, and what is no log line. */
  readonly others: string[] = [];
  #url = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#ended = new Promise((resolve) => child.once('close', resolve));
    createInterface({ input: child.stderr as Readable }).on('line', (line) => this.#note(line));
  }

  /**
   * @param files of the configuration folder, by their paths
   * @throws Error where it does not start
   */
  static async start(
    files: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<GatewayChild> {
    const folder = await mkdtemp(join(tmpdir(), 'headrace-chaos-'));
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, 'config', name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    const options = ['--expose-gc', '--import', probe, main, 'start', '--port', '0', '--config-dir', 'config'];
    const child = spawn(process.execPath, options, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const gateway = new GatewayChild(child, folder);
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('close', () => process.off('exit', kill));
    await gateway.#listen();
    return gateway;
  }

  /** `http://127.0.0.1:PORT` */
  get url(): string {
    return this.#url;
  }

  /** The log's lines about requests. */
  get requests(): readonly RequestLine[] {
    return this.#requests;
  }

  /** Waits until the log has a line for each of so many requests; the log is written with some delay. */
  async logged(count: number): Promise<readonly RequestLine[]> {
    for (let tries = 0; tries < 100 && this.#requests.length < count; tries++) await sleep(50);
    return this.#requests;
  }

  async metric(name: string): Promise<number | undefined> {
    const page = await (await fetch(`${this.#url}/metrics`)).text();
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1];
    return value === undefined ? undefined : Number(value);
  }

  async memory(): Promise<Memory> {
    const outlet = this.#child.stdio[3] as Readable;
    const said = new Promise<string>((resolve) => outlet.once('data', (bytes) => resolve(String(bytes))));
    this.#child.kill('SIGUSR2');
    return JSON.parse(await said) as Memory;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(timer);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  #note(line: string): void {
    if (line.includes('"msg":"request"')) this.#requests.push(JSON.parse(line) as RequestLine);
    else this.others.push(line);
  }

  async #listen(): Promise<void> {
    const lines = createInterface({ input: this.#child.stdout as Readable });
    const listening = new Promise<string | undefined>((resolve) => {
      lines.on('line', (line) => {
        const url = /listening on (http\S+)/.exec(line)?.[1];
        if (url !== undefined) resolve(url);
      });
      this.#child.once('close', () => resolve(undefined));
    });
    const url = await listening;
    if (url === undefined) throw new Error(`the gateway did not start:\n${this.others.join('\n')}`);
    this.#url = url.replace(/\/$/, '');
  }
}
