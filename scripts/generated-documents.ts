import type { Command } from 'commander';
import { openApiDocument } from '../src/admin/openapi.ts';
import { createProgram } from '../src/cli/program.ts';
import { jsonSchemas } from '../src/config/json-schema.ts';
import { settingsReference } from '../src/config/reference.ts';
import { errorCodes } from '../src/gateway-error.ts';

/** Every page of the documentation that is written from the code, by its path in the repository. */
export function generatedDocuments(): Map<string, string> {
  const pages = new Map<string, string>([
    ['docs/reference/settings.md', settingsReference()],
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/commands.md', commandsPage(createProgram())],
    ['docs/reference/openapi.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`],
  ]);
  for (const [name, schema] of Object.entries(jsonSchemas())) {
    pages.set(`docs/schemas/${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
  }
  return pages;
}

function errorsPage(): string {
  const rows = Object.entries(errorCodes).map(([code, { status, type, source, retryable }]) =>
    [`| ${status}`, `\`${code}\``, `\`${type}\``, source, `${retryable ? 'yes' : 'no'} |`].join(' | '),
  );
  return [
    '# Errors',
    '',
    'Every error has the envelope `{"error": {"message", "type", "param", "code"}}`. The message says what is wrong and what',
    'to do; `code` is what programs should act on. "At fault" says whose matter it is, "Again?" whether the same request',
    'may succeed later. A `retry-after` header stands where a time is known; `x-should-retry: false` where the gateway has',
    'already tried again itself. Other 4xx answers of a backend keep their status and their `error` object.',
    '',
    '| Status | Code | Type | At fault | Again? |',
    '|--:|---|---|---|---|',
    ...rows,
    '',
    'Written from `src/gateway-error.ts` by `npm run docs`.',
    '',
  ].join('\n');
}

function commandsPage(program: Command): string {
  const lines = ['# Commands', '', 'In a checkout, `npm start -- COMMAND ...`; installed, `headrace COMMAND ...`.', ''];
  for (const command of program.commands) {
    const names = command.registeredArguments.map((entry) =>
      entry.required ? `<${entry.name()}>` : `[${entry.name()}]`,
    );
    lines.push(`## ${[command.name(), ...names].join(' ')}`, '', `${capitalise(command.description())}.`, '');
    const rows = [
      ...command.registeredArguments.map((entry) => [`\`${entry.name()}\``, entry.description]),
      ...command.options.map((option) => [`\`${option.flags}\``, option.description]),
    ];
    if (rows.length > 0) lines.push('| | |', '|---|---|', ...rows.map(([name, text]) => `| ${name} | ${text} |`), '');
    if (['keys', 'mock'].includes(command.name())) {
      lines.push(`\`headrace ${command.name()} --help\` lists its options.`, '');
    }
  }
  lines.push('Written from `src/cli/program.ts` by `npm run docs`.', '');
  return lines.join('\n');
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
