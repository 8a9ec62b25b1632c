import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request as a backend received it, and its socket, on which anything at all can be written. */
export class RawExchange {
  readonly socket: Socket;
  readonly body: string;
  readonly method: string;
  readonly isStream: boolean;
  /** The number that the client wrote into its message; -1: none. */
  readonly ask: number;
  /** The same with what tells one run from another, such as `ask-17-b2`. */
  readonly nonce: string;
  /** Ended, one way or the other, on this side or on the other. */
  isOver = false;
  readonly #ended: () => void;

  /** @param ended told once, when it is over */
  constructor(socket: Socket, head: string, body: string, ended: () => void) {
    this.socket = socket;
    this.body = body;
    this.method = head.slice(0, head.indexOf(' '));
    this.isStream = /"stream":\s*true/.test(body);
    const found = /ask-(\d+)-\w+/.exec(body);
    this.ask = found === null ? -1 : Number(found[1]);
    this.nonce = found?.[0] ?? '';
    this.#ended = ended;
    socket.once('close', this.end);
  }

  write(bytes: string | Buffer): void {
    if (!this.isOver && this.socket.writable) this.socket.write(bytes);
  }

  /** Writes a piece of a body with `transfer-encoding: chunked`. */
  chunk(text: string): void {
    this.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }

  /** The answer is whole; the connection stays. */
  readonly end = (): void => {
    if (this.isOver) return;
    this.isOver = true;
    this.socket.off('close', this.end);
    this.#ended();
  };

  /** Closes the connection with FIN, or with RST. */
  cut(how: 'fin' | 'reset'): void {
    if (how === 'reset') this.socket.resetAndDestroy();
    else this.socket.destroySoon();
    this.end();
  }

  /** The peer is gone without a word: nothing is read any more, not even that the other side left. */
  freeze(): void {
    this.socket.pause();
  }

  /** @returns false where it ended meanwhile */
  async pause(milliseconds: number): Promise<boolean> {
    await sleep(milliseconds);
    return !this.isOver;
  }
}
