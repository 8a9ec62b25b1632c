// Shows what approaches gain, with scripted models or with real ones: npm run eval [-- --help]
import { formatReport, type Report } from '../test/chaos/report.ts';
import { allCases } from './cases.ts';
import { help, type QuestionOptions, readOptions, type ScriptedOptions } from './options.ts';
import { reportQuestions, runQuestions } from './question-run.ts';
import { readQuestions } from './questions.ts';
import { reportScripted } from './scripted-report.ts';
import { runScripted } from './scripted-run.ts';

async function evaluateScripted(options: ScriptedOptions): Promise<Report> {
  const { approaches, tasks } = options;
  const all = allCases(options);
  const unknown = approaches.find((name) => all.every((one) => one.name !== name));
  if (unknown !== undefined) {
    throw new Error(`there is no closed form of ${unknown}, only of ${all.map(({ name }) => name).join(', ')}`);
  }
  const cases = approaches.length === 0 ? all : all.filter(({ name }) => approaches.includes(name));
  return reportScripted(
    await runScripted({ ...options, cases, kinds: ['honours', 'ignores', 'refuses', 'second'] }),
    tasks,
  );
}

async function evaluateQuestions({ file, keyVariable, limit, ...options }: QuestionOptions): Promise<Report> {
  const key = keyVariable === undefined ? undefined : process.env[keyVariable];
  if (keyVariable !== undefined && !key) throw new Error(`the environment variable ${keyVariable} is not set`);
  const questions = (await readQuestions(file)).slice(0, limit);
  return reportQuestions(await runQuestions({ ...options, key, questions }), options.model);
}

async function run(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(help);
    return 0;
  }
  const started = performance.now();
  const report = await (options.mode === 'scripted' ? evaluateScripted(options) : evaluateQuestions(options));
  process.stdout.write(`${formatReport(report)}\n`);
  process.stdout.write(`(it took ${Math.round((performance.now() - started) / 1000)} s)\n`);
  return report.checks.every(({ isGood }) => isGood) ? 0 : 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
