// Measures gateways side by side on this machine; see README.md.
//   npm run bench -- [--tests json1k,c1] [--only nginx,headrace] [--rounds 3] [--turns 20] [--out FILE.jsonl] [--starts 5] [--profile json1k] [--telemetry]
//   npm run bench -- --reload, with options of its own: see reload.ts
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatGoals } from './goals.ts';
import { loads, usualLoads } from './loads.ts';
import { MeasuredTarget, type Upstream } from './measured-target.ts';
import { profileTarget } from './profile.ts';
import { benchReload } from './reload.ts';
import { formatTable, Results } from './results.ts';
import { measureStarts } from './start-time.ts';
import { createTarget, type Target, targetNames, telemetryTargets, usualTargets } from './targets.ts';
import { findFreePort, MissingTool, openToolbox, type Toolbox } from './toolbox.ts';

interface Options {
  readonly tests: readonly string[];
  readonly only: readonly string[];
  readonly rounds: number;
  /** How often each target has its turn in a round; with more than one, a turn is a second. */
  readonly turns: number;
  /** How often each kind of start is timed; 0 leaves them out. */
  readonly starts: number;
  readonly out: string | undefined;
  readonly profile: string | undefined;
}

interface Bench {
  readonly options: Options;
  readonly toolbox: Toolbox;
  readonly upstream: Upstream;
  readonly targets: readonly Target[];
  readonly work: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      tests: { type: 'string', default: usualLoads.join(',') },
      only: { type: 'string' },
      telemetry: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      turns: { type: 'string', default: '1' },
      starts: { type: 'string', default: '5' },
      out: { type: 'string' },
      profile: { type: 'string' },
    },
  });
  const { out, profile, telemetry } = values;
  const usual = telemetry ? telemetryTargets : usualTargets;
  return {
    tests: choose('--tests', values.tests, Object.keys(loads)),
    only: choose('--only', values.only ?? usual.join(','), targetNames),
    rounds: readCount('--rounds', values.rounds, 1),
    turns: readCount('--turns', values.turns, 1),
    starts: readCount('--starts', values.starts, 0),
    out,
    profile: profile === undefined ? undefined : choose('--profile', profile, Object.keys(loads))[0],
  };
}

function choose(flag: string, text: string, known: readonly string[]): string[] {
  const names = text.split(',').filter(Boolean);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new MissingTool(`${flag}: there is no ${wrong}; there are ${known.join(', ')}`);
  return known.filter((name) => names.includes(name));
}

function readCount(flag: string, text: string, least: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < least) throw new MissingTool(`${flag} takes a whole number from ${least} on`);
  return count;
}

/**
 * Before turns, by which small differences are looked for, of six seconds each: V8 goes on compiling for half a minute, and
 * the longer the more code there is.
 */
const warmUps = 5;

/** Runs every load on every target, which take turns, so that what else the machine does meets all of them. */
async function runRound(bench: Bench, round: number, results: Results): Promise<void> {
  const { options, toolbox, upstream, targets, work } = bench;
  const running: MeasuredTarget[] = [];
  try {
    for (const target of targets) {
      const measured = await MeasuredTarget.start(target, toolbox, upstream, join(work, `${target.name}.log`));
      running.push(measured);
      const times = options.turns === 1 ? 1 : warmUps;
      for (let time = 0; time < times; time++) {
        await measured.measure('json1k', loads.json1k as (typeof loads)[string]);
      }
    }
    // There and back, so that none always follows the same one.
    const order = Array.from({ length: options.turns }, (_, turn) =>
      turn % 2 ? running.toReversed() : running,
    ).flat();
    for (const test of options.tests) {
      const load = options.turns === 1 ? loads[test] : { ...loads[test], seconds: 1, warmUp: 1 };
      for (const measured of order) {
        const { name } = measured.target;
        const measurement = await measured.measure(test, load as (typeof loads)[string]);
        results.add(test, name, measurement);
        if (options.out) appendFileSync(options.out, `${JSON.stringify({ ...measurement, target: name, round })}\n`);
        console.error(`bench: round ${round + 1}, ${test}, ${name}: ${measurement.cpu_us_req} us of CPU a request`);
      }
    }
  } finally {
    for (const measured of running) await measured.stop();
  }
}

async function compare(bench: Bench): Promise<void> {
  const { options, targets, work } = bench;
  // Neighbours on a machine only ever make it slower, so that with many turns the quicker ones tell more.
  const results = new Results(options.turns === 1 ? 0.5 : 0.25);
  for (let round = 0; round < options.rounds; round++) await runRound(bench, round, results);
  console.log(
    `\nLinux ${release()}, ${availableParallelism()} cores, Node ${process.version}; rounds: ${options.rounds}, turns: ${options.turns}\n`,
  );
  for (const { name, does } of targets) console.log(`- ${name}: ${does}`);
  for (const test of options.tests) console.log(`- ${test}: ${loads[test]?.meaning}`);
  console.log(`\n${formatTable(results, options.tests, options.only)}`);
  if (options.only.includes('headrace')) console.log(`\n${formatGoals(results, options.tests)}`);
  if (options.starts > 0) console.log(`\n${await measureStarts(work, options.starts)}`);
}

async function main(): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'headrace-bench-'));
  try {
    const args = process.argv.slice(2);
    if (args.includes('--reload')) await benchReload(args, work);
    else await benchTargets(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function benchTargets(work: string): Promise<void> {
  const options = readOptions();
  const toolbox = openToolbox();
  const upstream = { port: await findFreePort() };
  const alone = options.only.length === 1 ? options.only[0] : undefined;
  const profiled = alone ?? (options.only.includes('headrace-telemetry') ? 'headrace-telemetry' : 'headrace');
  const only = options.profile === undefined ? options.only : [profiled];
  const targets: Target[] = [];
  for (const name of only) targets.push(await createTarget(name, toolbox, `127.0.0.1:${upstream.port}`, work));
  const bench = { options, toolbox, upstream, targets, work };
  if (options.profile === undefined) await compare(bench);
  else console.log(await profileTarget(targets[0] as Target, options.profile, toolbox, upstream, work));
}

try {
  await main();
} catch (error) {
  if (!(error instanceof MissingTool)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
