import type { WebSearchConfig } from './approaches-config.ts';
import type { Environment } from './flags.ts';
import { secretFrom, unsendable } from './key-value.ts';
import type { SettingsTree } from './resolve-setting.ts';
import { approachesDefaults } from './schema/approaches-section.ts';
import { nodeAt } from './tree.ts';

const path = ['approaches', 'web_search'];

/** Reads and checks the web search; faults are in the report. Undefined: none is written. */
export function loadWebSearch(file: SettingsTree, env: Environment): WebSearchConfig | undefined {
  if (!nodeAt(file.tree, path)) return undefined;
  const value = file.value.approaches?.web_search ?? {};
  checkAddress(file, value.provider);
  const { api_key_env_var: variable } = value;
  const secret = variable === undefined ? undefined : secretFrom(env[variable]);
  const keyPath = [...path, 'api_key_env_var'];
  const keyNode = nodeAt(file.tree, keyPath);
  if (variable !== undefined && secret === undefined) {
    const doubt = `the environment variable ${variable} is not set or empty; searches fail until it is`;
    file.report.warning(keyNode?.place, keyPath, doubt);
  }
  if (secret !== undefined && unsendable(secret.reveal())) {
    const fault = `the key in ${variable} has a line break or another character that no HTTP header can carry`;
    file.report.error(keyNode?.place, keyPath, fault);
  }
  if (keyNode === undefined && value.provider !== undefined && value.provider !== 'searxng') {
    const doubt = `is missing, and ${value.provider} answers nobody without a key; write the name of the environment variable that holds it`;
    file.report.warning(nodeAt(file.tree, [...path, 'provider'])?.place, keyPath, doubt);
  }
  return {
    provider: value.provider ?? 'searxng', // with a fault in it, nobody takes this configuration
    baseUrl: value.base_url?.replace(/\/+$/, ''),
    apiKey: secret,
    keyVariable: variable,
    maxResults: value.max_results ?? approachesDefaults.web_search.max_results,
  };
}

function checkAddress(file: SettingsTree, provider: string | undefined): void {
  const here = [...path, 'base_url'];
  if (provider !== 'searxng' || nodeAt(file.tree, here)) return;
  const fault = 'required with provider: searxng, which runs where you run it, such as "http://127.0.0.1:8080"';
  file.report.error(nodeAt(file.tree, [...path, 'provider'])?.place, here, fault);
}
