import { readFile } from 'node:fs/promises';

export interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const board = JSON.parse(await readFile(new URL('../../deploy/grafana/headrace.json', import.meta.url), 'utf8'));

/** The panels of the Grafana board. */
export const panels = board.panels as readonly Panel[];

/** Its variables; the query of one that lists data sources is a text. */
export const variables = board.templating.list as readonly {
  readonly name: string;
  readonly query: { readonly query: string } | string;
}[];

/** What its variables ask: `label_values(SERIES, LABEL)`. */
export const variableQueries = variables.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
