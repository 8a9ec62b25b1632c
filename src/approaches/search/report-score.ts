import { lastJsonField } from '../reading/read-json.ts';
import { readScore } from '../reading/read-score.ts';

/** How good a draft is, both from 0 to 1; null: that could not be read. */
export interface ReportScore {
  readonly completeness: number | null;
  readonly quality: number | null;
}

/** Reads a rating: JSON with both, else the last line that names each. */
export function readReportScore(text: string): ReportScore {
  return { completeness: readNamed('completeness', text), quality: readNamed('quality', text) };
}

function readNamed(name: string, text: string): number | null {
  const field = lastJsonField(text, [name]);
  if (typeof field === 'number' || typeof field === 'string') return readOne(String(field));
  const at = text.toLowerCase().lastIndexOf(name);
  return at < 0 ? null : readOne(text.slice(at + name.length).split('\n', 1)[0] ?? '');
}

/** A number, or whatever else a judge writes behind a name: `: **0.8**`, ` is 8/10`, ` = 80%`. */
function readOne(text: string): number | null {
  return readScore(`Score: ${text.replace(/^[\s"*_:=]+/, '')}`, { least: 0, most: 1 }) ?? null;
}

/** Whether the last draft is good enough, or hardly better than the one that was rated before it. */
export function isEnough(scores: readonly ReportScore[]): boolean {
  const { completeness, quality } = scores.at(-1) ?? {};
  if (typeof completeness !== 'number') return false;
  if (completeness > 0.9) return true;
  const before = scores.slice(0, -1).findLast((score) => score.quality !== null)?.quality;
  if (typeof quality !== 'number' || typeof before !== 'number' || completeness <= 0.7) return false;
  const gain = Math.round((quality - before) * 1e9) / 1e9; // .83 - .8 is .03, not a little less
  return gain < 0.03;
}
