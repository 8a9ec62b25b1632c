import * as z from 'zod';
import { unwrap } from './check-tree.ts';
import { backendFile } from './schema/backend-file.ts';
import { connectorsFile } from './schema/connectors-file.ts';
import { fieldTexts } from './schema/fields.ts';
import { settingsFile } from './schema/settings-file.ts';
import { type SettingSource, settingSources } from './setting-sources.ts';
import { vendorNames } from './vendors.ts';

interface Row {
  readonly field: string;
  readonly value: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The reference page of every setting, in Markdown, written from the schemas that the loader checks with. */
export function settingsReference(): string {
  const parts = [
    '# Settings',
    `Every text in the three files may hold \`\${VAR}\` and \`\${VAR:-default}\`; \`$\${\` stands for a literal \`\${\`.`,
    '## Flags and environment variables',
    'A flag wins over a variable, that over `headrace.yaml`, that over the default. An empty variable counts as unset.',
    flagTable(),
    'Also read: `OPENAI_API_KEY`, the key that goes with `--base-url`, and `HEADRACE_ADMIN_KEY`, a key of the gateway with the role `admin`.',
    ...fileSection('headrace.yaml', settingsFile),
    ...fileSection('backends/&lt;name&gt;/backend.yaml', backendFile),
    `\`backend_type\` is \`custom\` or one of ${vendorNames()
      .map((name) => `\`${name}\``)
      .join(', ')}.`,
    ...fileSection('external-api-connectors.toml', connectorsFile),
  ];
  return `${parts.join('\n\n')}\n`;
}

function fileSection(title: string, schema: z.ZodType): string[] {
  return [
    `## ${title}`,
    schema.description ?? '',
    table(['Field', 'Value', 'Default', 'Meaning'], rowsOf(schema).map(cells)),
  ];
}

function cells(row: Row): string[] {
  return [`\`${row.field}\``, row.value, row.fallback, row.meaning];
}

function rowsOf(schema: z.ZodType, path = ''): Row[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return memberRows(inner.element as z.ZodType, `${path}[]`);
  if (inner instanceof z.ZodUnion) return unionRows(inner.options as readonly z.ZodType[], path);
  if (inner instanceof z.ZodRecord) return memberRows(inner.valueType as z.ZodType, joined(path, '<name>'));
  if (!(inner instanceof z.ZodObject)) return [];
  const rows: Row[] = [];
  for (const [name, field] of Object.entries(inner.shape) as [string, z.ZodType][])
    rows.push(...fieldRows(field, joined(path, name)));
  const others = inner.def.catchall;
  if (others && !(others instanceof z.ZodNever)) rows.push(...memberRows(others as z.ZodType, joined(path, '<name>')));
  return rows;
}

/** A value of several forms: what its mapping holds, or what its list does. */
function unionRows(options: readonly z.ZodType[], path: string): Row[] {
  return options.flatMap((option) => (unwrap(option) instanceof z.ZodObject ? rowsOf(option, path) : []));
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** What a mapping of names or a list holds: any number of them, so none is required. */
function memberRows(schema: z.ZodType, path: string): Row[] {
  return fieldRows(schema, path).map((row, index) => (index === 0 ? { ...row, fallback: '' } : row));
}

function fieldRows(field: z.ZodType, path: string): Row[] {
  const inner = unwrap(field);
  const row = { field: path, value: valueText(inner), fallback: fallbackText(field), meaning: inner.description ?? '' };
  return [row, ...rowsOf(inner, path)];
}

function valueText(schema: z.ZodType): string {
  if (schema instanceof z.ZodObject) return 'mapping';
  if (schema instanceof z.ZodRecord) return 'mapping of names';
  if (schema instanceof z.ZodArray) return 'list';
  return fieldTexts.get(schema)?.expects ?? 'any value';
}

function fallbackText(field: z.ZodType): string {
  if (field instanceof z.ZodDefault) return `\`${String(field.def.defaultValue)}\``;
  return field instanceof z.ZodOptional ? '' : '(required)';
}

function flagTable(): string {
  const settings: SettingSource[] = Object.values(settingSources);
  const rows = settings
    .filter((setting) => setting.option !== undefined)
    .map((setting) => [
      `\`${setting.option}\``,
      (setting.variables ?? []).map((name) => `\`${name}\``).join(', then '),
      setting.path ? `\`${setting.path.join('.')}\`` : '',
      setting.fallback === undefined ? '' : `\`${String(setting.fallback)}\``,
      unwrap(setting.schema).description ?? '',
    ]);
  return table(['Flag', 'Variables', 'In headrace.yaml', 'Default', 'Meaning'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (items: readonly string[]) => `| ${items.map((item) => item.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
