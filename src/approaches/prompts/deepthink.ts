import { fenced } from '../fenced.ts';

/** Ways to think about a question, of which those that fit are chosen. */
const modules: readonly string[] = [
  'Say in your own words what is asked, what is given and what form the answer takes.',
  'Cut the question into smaller ones that can be settled one after the other.',
  'Start from the wanted result and work backwards to what is given.',
  'Try a small or extreme case first and see what it shows.',
  'Look for a pattern, a symmetry or a quantity that never changes.',
  'Write the conditions as equations, inequalities or logical statements and work with those.',
  'List all cases, make sure that none is missing, and settle each.',
  'Assume the opposite and look for a contradiction.',
  'Recall a known question, theorem or method of the same shape and carry it over.',
  'Draw or tabulate the things and how they hang together.',
  'Name each assumption, the silent ones too, and ask whether it holds.',
  'Look at it with the eyes of those concerned, and weigh what each of them wants.',
  'Gather the evidence for and against each claim and weigh its quality.',
  'Follow causes to their effects, and effects to their second effects.',
  'Think of several quite different answers before judging any of them.',
  'Weigh cost, benefit and risk of each way, and what happens if it fails.',
  'Estimate the size of the result by another way, and see whether it fits.',
  'Simulate it step by step, and write down the state after each step.',
  'Look for the usual traps: units, limits, off-by-one, ambiguous words.',
  'Check the result against every condition of the question.',
];

/** Asks which modules fit. */
export function selectionRequest(): string {
  return `Do not answer yet. Below are ways to think about a question.

${modules.map((module, index) => `${index + 1}. ${module}`).join('\n')}

Choose the three to six that help most with the last question, and write them out.`;
}

/** Asks to fit the chosen modules to the question. */
export function adaptionRequest(selected: string): string {
  return `Do not answer yet. Below are ways to think that were chosen for the last question.

${fenced([selected], 'choice')}

Reword each of them so that it speaks of just this question and says what to do there.`;
}

/** Asks for a structure to be filled in. */
export function structureRequest(adapted: string): string {
  return `Do not answer yet. Below are ways to think that were fitted to the last question.

${fenced([adapted], 'ways to think')}

Put them into an order of work, as one JSON object: each key is a step, each value says what is to be found out there. The last key is the answer. Fill in no results. Reply with the JSON alone.`;
}

/** Asks to answer along a structure; undefined: without one. */
export function answerInstruction(structure: string | undefined): string {
  const how =
    structure === undefined
      ? 'Think the last question through step by step before you answer.'
      : `Think the last question through along this structure, step by step, before you answer.

${fenced([structure], 'structure')}`;
  return `${how}

Where the question has a definite result, end with "Final answer: " and that result.`;
}
