/** What approaches are good for, as a model that chooses among them is told. */
const uses: ReadonlyMap<string, string> = new Map([
  ['none', 'a plain answer: small talk, simple facts, rewriting, translation'],
  ['re2', 'questions that are easily misread'],
  ['cot_reflection', 'questions that need a few steps of reasoning'],
  ['self_consistency', 'questions with one short answer, such as a number or a choice'],
  ['majority_voting', 'questions with one short answer, such as a number or a choice'],
  ['bon', 'texts that are easier to judge than to write'],
  ['moa', 'open questions that gain from several views'],
  ['genselect', 'texts that are easier to compare than to write'],
  ['rto', 'small programs that must be right'],
  ['plansearch', 'programming problems that need an idea'],
  ['leap', 'questions that come with worked examples'],
  ['mcts', 'answers that get better by revising'],
  ['rstar', 'mathematics in steps'],
  ['pvg', 'claims that must hold against a sceptic'],
  ['cepo', 'hard mathematics and hard programming'],
  ['mars', 'competition problems'],
  ['deepthink', 'tasks of an unusual form that need a plan of thought'],
  ['deepconf', 'questions with one short answer'],
  ['memory', 'questions about a long text'],
  ['longcepo', 'hard questions about a long text'],
  ['readurls', 'questions about web pages whose addresses are given'],
  ['web_search', 'questions that need recent facts'],
  ['deep_research', 'reports that need many sources'],
  ['coc', 'questions that a small program can compute'],
  ['executecode', 'programs whose output is wanted'],
  ['z3', 'logic puzzles and constraints'],
  ['mcp', 'tasks that need tools'],
]);

/** Asks which way of answering fits. */
export function classifyRequest(names: readonly string[]): string {
  const lines = names.map((name) => {
    const known = name.split('&').flatMap((part) => uses.get(part.trim()) ?? []);
    return known.length === 0 ? `- ${name}` : `- ${name}: ${known.join('; ')}`;
  });
  return `Do not answer the last question. Which of these ways of answering it fits best? A costly one only where the question needs it.

${lines.join('\n')}

Reply with one of the names only, as it is written here.`;
}
