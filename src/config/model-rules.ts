import type { Loose } from './check-tree.ts';
import type { FileReport } from './report.ts';
import type { BackendFile } from './schema/backend-file.ts';
import { editDistance } from './suggest.ts';
import { type Entry, entriesAt, jsonText, nodeAt, type Path, type ScalarNode, type TreeNode } from './tree.ts';

type Model = NonNullable<Loose<BackendFile>['models']>[string];

/** Checks what one model's fields say about each other; `path` leads to the model. */
export function checkModel(model: Model, tree: TreeNode, report: FileReport, path: Path): void {
  if (model?.limits) checkLimits(model.limits, tree, report, path);
  if (model?.parameters === undefined) return;
  const parameters = [...path, 'parameters'];
  checkParameters(entriesAt(tree, parameters), report, parameters, 'default', model.limits?.max_output_tokens);
}

type Limits = NonNullable<NonNullable<Model>['limits']>;

function checkLimits(limits: Limits, tree: TreeNode, report: FileReport, path: Path): void {
  checkWindow(limits, tree, report, path);
  if (limits.tokens_per_minute === undefined || nodeAt(tree, [...path, 'limits', 'max_output_tokens'])) return;
  const here = [...path, 'limits', 'tokens_per_minute'];
  const doubt =
    'without max_output_tokens, a call that asks for no number of tokens is admitted by its input alone, and its answer can overdraw the limit';
  report.warning(nodeAt(tree, here)?.place, here, doubt);
}

function checkWindow(limits: Limits, tree: TreeNode, report: FileReport, path: Path): void {
  const { context_window: window, max_input_tokens: input, max_output_tokens: output } = limits;
  if (window === undefined) return;
  const say = (severity: 'error' | 'warning', message: string) => {
    const here = [...path, 'limits', 'context_window'];
    report[severity](nodeAt(tree, here)?.place, here, message);
  };
  if (input !== undefined && window < input) say('error', tooSmall('max_input_tokens', input));
  if (output !== undefined && window < output) say('error', tooSmall('max_output_tokens', output));
  if (window === input) {
    say('warning', 'equals max_input_tokens; an input that long leaves no room for output');
  } else if (input !== undefined && output !== undefined && window >= Math.max(input, output)) {
    const sum = input + output;
    const doubt = `is less than max_input_tokens + max_output_tokens (${sum}); not both can be used up in one call`;
    if (sum > window) say('warning', doubt);
  }
}

function tooSmall(name: string, part: number): string {
  return `is less than ${name} (${part}); raise it or lower that`;
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

const most = Number.MAX_SAFE_INTEGER;

/** Parameters whose numbers have bounds that every provider shares. */
const ranges = new Map<string, Range>([
  ['temperature', { least: 0, most: 2 }],
  ['top_p', { least: 0, most: 1 }],
  ['presence_penalty', { least: -2, most: 2 }],
  ['frequency_penalty', { least: -2, most: 2 }],
  ['max_tokens', { least: 1, most, whole: true }],
  ['max_completion_tokens', { least: 1, most, whole: true }],
]);

const forbidden = new Set(['model', 'messages', 'prompt', 'input', 'stream']);

const known = new Set(
  `${[...ranges.keys(), ...forbidden].join(' ')} n stop seed user tools tool_choice functions function_call logprobs
  top_logprobs logit_bias response_format parallel_tool_calls reasoning_effort verbosity service_tier store metadata
  modalities audio prediction stream_options web_search_options prompt_cache_key safety_identifier suffix echo best_of
  top_k min_p top_a typical_p tfs_z mirostat mirostat_tau mirostat_eta repeat_penalty repeat_last_n repetition_penalty
  length_penalty min_tokens ignore_eos grammar json_schema guided_json guided_choice guided_regex guided_grammar
  chat_template_kwargs cache_prompt reasoning include_reasoning thinking thinking_budget enable_thinking keep_alive
  options format think provider models route transforms plugins safe_prompt random_seed num_ctx num_predict`.split(
    /\s+/,
  ),
);

/**
 * Checks request fields that a file gives values for.
 * @param use whether they are defaults, or are set whatever the client sent
 * @param maxOutputTokens the limit of the model, if there is one
 */
export function checkParameters(
  entries: ReadonlyMap<string, Entry>,
  report: FileReport,
  path: Path,
  use: 'default' | 'set',
  maxOutputTokens?: number,
): void {
  for (const [name, entry] of entries) {
    const here = [...path, name];
    if (forbidden.has(name)) {
      const fault = use === 'default' ? 'has no default' : 'cannot be set here';
      report.error(entry.keyPlace, here, `belongs to each request and ${fault}; leave it out`);
      continue;
    }
    if (!known.has(name)) {
      const near = [...known].find((other) => editDistance(name, other) === 1);
      if (near)
        report.warning(
          entry.keyPlace,
          here,
          `is sent as it is, but is one letter off a known parameter (did you mean ${near}?)`,
        );
    }
    if (hasBrokenPart(entry.node)) continue;
    if (parameterJson(name, entry.node) === undefined)
      report.error(entry.node.place, here, 'has a value that JSON cannot hold, such as infinity');
    checkRange(name, entry.node, maxOutputTokens, report, here);
  }
}

function checkRange(name: string, node: TreeNode, allowed: number | undefined, report: FileReport, path: Path): void {
  const range = ranges.get(name);
  if (!range) return;
  const value = numberIn(node);
  const kind = range.whole ? 'a whole number' : 'a number';
  const bounds = range.most === most ? `of at least ${range.least}` : `from ${range.least} to ${range.most}`;
  if (value === undefined || value < range.least || value > range.most || (range.whole && !Number.isInteger(value))) {
    report.error(node.place, path, `must be ${kind} ${bounds}`);
    return;
  }
  if (range.whole && allowed !== undefined && value > allowed) {
    report.error(node.place, path, `is more than limits.max_output_tokens (${allowed}); lower it or raise that`);
  }
}

/** The JSON text of a parameter; text that came out of a variable counts as a number where the parameter is one. */
export function parameterJson(name: string, node: TreeNode): string | undefined {
  const value = ranges.has(name) && node.kind === 'scalar' && node.substituted ? numberIn(node) : undefined;
  return value === undefined ? jsonText(node) : JSON.stringify(value);
}

function numberIn(node: TreeNode): number | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (typeof node.value === 'number') return node.value;
  return node.substituted && /^\s*-?\d+(\.\d+)?\s*$/.test(String(node.value)) ? Number(node.value) : undefined;
}

/** Whether a problem was already reported for a part of it. */
export function hasBrokenPart(node: TreeNode): boolean {
  if (node.kind === 'scalar') return (node as ScalarNode).broken === true;
  if (node.kind === 'list') return node.items.some(hasBrokenPart);
  return [...node.entries.values()].some((entry) => hasBrokenPart(entry.node));
}
