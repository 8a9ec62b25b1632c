/** One instruction of a container file. */
export interface Instruction {
  /** In capitals, such as `COPY`. */
  readonly name: string;
  readonly text: string;
}

/** From one FROM to the next. */
export interface Stage {
  readonly from: string;
  readonly alias: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Reads a container file: comments are left out, lines that go on are joined. */
export function readContainerFile(text: string): Stage[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines
    .join('\n')
    .replace(/\s*\\\n\s*/g, ' ')
    .split('\n');
  const stages: { from: string; alias: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of joined) {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') {
      const [, from = '', alias] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest) ?? [];
      stages.push({ from, alias, instructions: [] });
    } else stages.at(-1)?.instructions.push({ name, text: rest });
  }
  return stages;
}

/** The words of the only instruction of this name; it must be in exec form, a JSON list. */
export function execForm(stage: Stage | undefined, name: string): string[] {
  const found = stage?.instructions.filter((instruction) => instruction.name === name) ?? [];
  if (found.length !== 1) throw new Error(`${found.length} instructions ${name}`);
  const text = (found[0]?.text ?? '').replace(/^(--\S+\s+)*(CMD\s+)?/, '');
  return JSON.parse(text) as string[];
}
