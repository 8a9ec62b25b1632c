import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ordinary English, so that a tokenizer meets real words. */
const words =
  `the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one
  you were all her she there would their we him been has when who will no more if out so up said what its about than
  into them can only other time new some could these two may first then do any like my now over such our man me even
  most made after also did many off before must well back through years much where your way down should because long
  each just state those people too how little good world make very year still see own work men day get here old between
  both life being under three never know same last another while us might great go come since against right came take
  used himself few house use place during high without again home around small however found part school information
  gateway request token budget latency stream provider model fallback customer invoice database function parameter
  response schema validate error retry timeout`.split(/\s+/);
const ends = ['. ', '. ', '? ', '.\n', ', "ok" - ', ': (see 42) '];

/** The same numbers in every run: from 0 up to, not including, `below`. */
function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function createText(dice: (below: number) => number): (characters: number) => string {
  const word = () => words[dice(words.length)] as string;
  const sentence = () => {
    const text = Array.from({ length: 6 + dice(13) }, word).join(' ');
    return (text[0] as string).toUpperCase() + text.slice(1) + ends[dice(ends.length)];
  };
  return (characters) => {
    let text = '';
    while (text.length < characters) text += sentence();
    return text.slice(0, characters);
  };
}

type Message = { role: string; content: string };

/** A conversation of at most eight turns, so that the whole body has about `bytes`. */
function createMessages(bytes: number, text: (characters: number) => string): Message[] {
  const turns = Math.max(1, Math.min(8, Math.floor(bytes / 700)));
  const characters = Math.max(20, Math.floor(bytes / turns) - 40);
  const system = { role: 'system', content: 'You are a helpful assistant.' };
  const said = Array.from({ length: turns }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: text(characters),
  }));
  return [system, ...said];
}

/** Writes the request bodies into a folder, each as `NAME.json`. They name the model `bench`. */
export function writeBodies(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const text = createText(createDice(7));
  const write = (name: string, bytes: number, user: string, more: object = {}) => {
    // The mock upstream finds out what to do by `user` and `stream` at the start of the body.
    const head = { model: 'bench', temperature: 0.7, max_tokens: 512, user, ...more };
    const rest = bytes - JSON.stringify(head).length - 60;
    const body = JSON.stringify({ ...head, messages: createMessages(rest, text) });
    writeFileSync(join(folder, `${name}.json`), body);
  };
  for (const kilobytes of [1, 10, 50]) write(`${kilobytes}k`, kilobytes * 1024, 'bench');
  write('delay', 1024, 'bench-delay');
  for (const kind of ['fast', 'burst', 'paced']) write(`sse-${kind}`, 1024, `bench-${kind}`, { stream: true });
}
