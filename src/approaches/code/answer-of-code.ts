/** A program whose variable `answer` is to be read. */
export interface AnsweringProgram {
  /** It prints the value in the end; an error where there is none. */
  readonly source: string;
  /** The value in what it printed; undefined: it did not come to that. */
  read(output: string): string | undefined;
}

/**
 * Has a Python program tell the value of its variable `answer`.
 * @param mark occurs nowhere else in what it prints
 */
export function answeringProgram(program: string, mark: string): AnsweringProgram {
  const source = `${program}

if answer is None or str(answer).strip() == "":
    raise ValueError("answer is empty")
import sys as _sys
_sys.__stdout__.write("\\n${mark}" + str(answer))
_sys.__stdout__.flush()
`;
  return {
    source,
    read: (output) => {
      const at = output.lastIndexOf(mark);
      return at === -1 ? undefined : output.slice(at + mark.length).trim();
    },
  };
}
