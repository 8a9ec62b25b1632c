import { parseArgs } from 'node:util';

export const help = `Shows what approaches gain.

npm run eval [-- options] [APPROACHES...]       with scripted models, against closed forms
  --tasks 2000     of each approach with each kind of backend
  --seed 1         another one draws other answers
  --p 0.6          how often a candidate is right
  --q              how often who rates, chooses or aggregates does well (0.8, for moa 0.9)
  --wrong 3        wrong answers of a task
  --at-once 16     tasks at a time
  --stream         answers are asked for as streams
  --seconds 180    after this no task begins, and the run fails

npm run eval -- --questions FILE.jsonl --url URL --model NAME [options]       with a real model
  FILE.jsonl       lines of {"question": "...", "answer": "..."}
  --key-env VAR    the environment variable that holds the gateway's key
  --approach NAME  again for each: a name, a pipeline, or {"name": ..., "parameters": ...} (none and moa)
  --at-once 4      questions at a time
  --limit N        the first N questions only
`;

export interface ScriptedOptions {
  readonly mode: 'scripted';
  readonly tasks: number;
  readonly seed: number;
  readonly right: number | undefined;
  readonly judge: number | undefined;
  readonly wrong: number | undefined;
  readonly atOnce: number;
  readonly stream: boolean;
  readonly seconds: number;
  /** None: all. */
  readonly approaches: readonly string[];
}

export interface QuestionOptions {
  readonly mode: 'questions';
  readonly file: string;
  readonly url: string;
  readonly model: string;
  readonly keyVariable: string | undefined;
  readonly approaches: readonly string[];
  readonly atOnce: number;
  readonly limit: number | undefined;
}

const text = { type: 'string' } as const;
const common = { 'at-once': text, help: { type: 'boolean' } } as const;
const scripted = {
  tasks: text,
  seed: text,
  p: text,
  q: text,
  wrong: text,
  seconds: text,
  stream: { type: 'boolean' },
} as const;
const questions = { questions: text, url: text, model: text, 'key-env': text, limit: text } as const;

/**
 * Reads the command line; undefined: help is wanted.
 * @throws Error that says what is wrong with it
 */
export function readOptions(args: readonly string[]): ScriptedOptions | QuestionOptions | undefined {
  const options = { ...common, ...scripted, ...questions, approach: { type: 'string', multiple: true } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help === true) return undefined;
  const refuse = (names: readonly string[], why: string) => {
    const found = names.find((name) => Object.hasOwn(values, name));
    if (found !== undefined) throw new Error(`--${found} is only for runs ${why}`);
  };
  const number = (
    name: Exclude<keyof typeof scripted, 'stream'> | 'at-once' | 'limit',
    least: number,
    most: number,
    isWhole = true,
  ) => readNumber(name, values[name], least, most, isWhole);
  if (values.questions === undefined) {
    refuse([...Object.keys(questions), 'approach'], 'with --questions');
    return {
      mode: 'scripted',
      tasks: number('tasks', 1, 1e6) ?? 2000,
      seed: number('seed', 0, 1e9) ?? 1,
      right: number('p', 0, 1, false),
      judge: number('q', 0, 1, false),
      wrong: number('wrong', 1, 1000),
      atOnce: number('at-once', 1, 1000) ?? 16,
      stream: values.stream === true,
      seconds: number('seconds', 1, 1e5) ?? 180,
      approaches: positionals,
    };
  }
  refuse(Object.keys(scripted), 'without --questions');
  if (positionals.length > 0) throw new Error(`what is ${positionals[0]}? approaches are named by --approach here`);
  const { questions: file, url, model } = values;
  if (url === undefined || model === undefined) throw new Error('--questions needs --url and --model');
  if (!URL.canParse(url)) throw new Error(`--url ${url}: this is no URL`);
  const { 'key-env': keyVariable, approach: approaches = ['none', 'moa'] } = values;
  const [atOnce, limit] = [number('at-once', 1, 1000) ?? 4, number('limit', 1, 1e9)];
  return { mode: 'questions', file, url, model, keyVariable, approaches, atOnce, limit };
}

function readNumber(
  name: string,
  written: string | undefined,
  least: number,
  most: number,
  isWhole: boolean,
): number | undefined {
  if (written === undefined) return undefined;
  const value = Number(written);
  const isGood = written.trim() !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value));
  if (isGood) return value;
  throw new Error(`--${name} ${written}: this is no ${isWhole ? 'whole ' : ''}number from ${least} to ${most}`);
}
