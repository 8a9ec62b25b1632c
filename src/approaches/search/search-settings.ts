import type { ApproachesConfig, WebSearchConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';

const howTo =
  'there is no web search; set approaches.web_search in headrace.yaml, such as {provider: brave, api_key_env_var: MY_SEARCH_KEY} or {provider: searxng, base_url: "http://127.0.0.1:8080"}';

/** What is not set up, and how to set it up; undefined: there is a search. */
export function missingSearch({ webSearch }: ApproachesConfig): string | undefined {
  return webSearch === undefined ? howTo : undefined;
}

/** @throws GatewayError `invalid_request` where there is no search */
export function searchSettings({ webSearch }: ApproachesConfig): WebSearchConfig {
  if (webSearch === undefined) throw new GatewayError('invalid_request', howTo);
  return webSearch;
}
