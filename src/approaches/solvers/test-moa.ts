import { expect } from 'vitest';
import { type CandidateScript, candidateScript } from '../../../test/harness/candidate-script.ts';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import { moa } from './moa.ts';

export const three = ['alpha', 'beta', 'gamma'];
export const usage = { prompt_tokens: 20, completion_tokens: 3 };

/** `moa` over a backend whose candidates are {@link three}, and whose helper calls say what their turn is for. */
export function startMoa(script: Partial<CandidateScript> = {}, options: Partial<SolvingOptions> = {}) {
  const shown = (_: string, turn: number) => (turn === 0 ? 'critical remarks' : 'the final answer');
  const whole = candidateScript({ candidates: three, shown, ...script });
  return startSolving({ stages: [moa], plan: 'moa', script: whole, ...options });
}

export function expectIn(material: string, texts: readonly string[]): void {
  for (const text of texts) expect(material).toContain(text);
}
