import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ScriptError } from './load-script.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { type RecordedAttempt, replayLine, restoreBodies, sentBytes } from './replay-line.ts';
import { replayedAnswer } from './replayed-answer.ts';
import type { AnswerSource, Response } from './responder.ts';

interface Recording {
  readonly attempt: RecordedAttempt;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** What was sent; undefined where the capture has not got all of it. */
  readonly body: Buffer | undefined;
  used: boolean;
}

/** Answers with what backends answered when a session was captured. */
export class Replay implements AnswerSource {
  readonly mount: string;
  readonly #recordings: readonly Recording[];
  readonly #speed: number;

  /** @param speed how many times faster than it was; 0: as fast as it goes */
  constructor(attempts: readonly (readonly [RecordedAttempt, Buffer | undefined])[], speed: number) {
    this.#recordings = attempts.map(([attempt, body]) => {
      const { pathname, search } = new URL(attempt.request.url);
      return { attempt, method: attempt.request.method, path: pathname + search, body, used: false };
    });
    this.#speed = speed;
    const first = this.#recordings[0]?.path.replace(/\?.*$/, '') ?? '/v1/';
    this.mount = first.replace(/\/(chat\/completions|completions|embeddings|)$/, '');
  }

  /** How many answers there are. */
  get length(): number {
    return this.#recordings.length;
  }

  rewind(): void {
    for (const recording of this.#recordings) recording.used = false;
  }

  async respond(request: RecordedRequest): Promise<Response> {
    const recording = this.#find(request);
    if (recording === undefined) return request.method === 'GET' ? this.#page(request) : this.#nothing(request);
    recording.used = true;
    return replayedAnswer(recording.attempt, this.#speed);
  }

  /** The same bytes, each answer once and the last one ever again; else what was not used yet of this model. */
  #find(request: RecordedRequest): Recording | undefined {
    const path = request.path + request.query;
    const here = this.#recordings.filter((one) => one.method === request.method && one.path === path);
    const exact = here.filter((one) => one.body?.equals(request.body));
    if (exact.length > 0) return exact.find((one) => !one.used) ?? exact.at(-1);
    return here.find((one) => !one.used && one.attempt.model === request.model);
  }

  /** The list of models, which no capture holds, so that gateways find the server alive. */
  #page(request: RecordedRequest): Response {
    if (request.path !== `${this.mount}/models`) return this.#nothing(request);
    const names = [...new Set(this.#recordings.map((one) => one.attempt.model))];
    return json(200, { object: 'list', data: names.map((id) => ({ id, object: 'model', owned_by: 'replay' })) });
  }

  #nothing(request: RecordedRequest): Response {
    const left = this.#recordings.filter((one) => !one.used).length;
    const model = request.model === undefined ? '' : ` with the model ${JSON.stringify(request.model.slice(0, 256))}`;
    const message = `the replay has no answer for ${request.method} ${request.path}${model}; ${left} of its ${this.length} answers are unused`;
    return json(404, { error: { message, type: 'invalid_request_error', param: null, code: 'not_in_replay' } });
  }
}

function json(status: number, value: object): Response {
  const chunks = [Buffer.from(JSON.stringify(value))];
  return { reply: {}, answer: { status, headers: { 'content-type': 'application/json' }, chunks, framing: 'length' } };
}

/**
 * Loads a capture file, or all those of a folder in their order.
 * @throws ScriptError
 */
export async function loadReplay(place: string, speed: number): Promise<Replay> {
  const attempts: (readonly [RecordedAttempt, Buffer | undefined])[] = [];
  for (const file of await filesAt(place)) {
    const lines = (await readText(file)).split('\n');
    lines.forEach((line, index) => {
      if (line.trim() !== '') attempts.push(...readLine(line, `${file}:${index + 1}`));
    });
  }
  if (attempts.length === 0) throw new ScriptError([`${place}: holds no answer of a backend`]);
  return new Replay(attempts, speed);
}

async function filesAt(place: string): Promise<string[]> {
  try {
    if (!(await stat(place)).isDirectory()) return [place];
    const names = await readdir(place);
    return names
      .filter((name) => name.endsWith('.jsonl'))
      .toSorted()
      .map((name) => join(place, name));
  } catch (error) {
    throw unreadable(place, error);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, error: unknown): ScriptError {
  return new ScriptError([`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`]);
}

function readLine(line: string, place: string): (readonly [RecordedAttempt, Buffer | undefined])[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ScriptError([`${place}:1: is no JSON; if it is the last line and breaks off, delete it`]);
  }
  const result = replayLine.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new ScriptError([`${place}:1: ${issue?.path.join('.')}: is no line of a capture (${issue?.message})`]);
  }
  const { request, attempts } = result.data;
  if (line.includes('"json":')) restoreBodies(result.data, line);
  return attempts.map((attempt) => [attempt, sentBytes(attempt, request)] as const);
}
