/** The users' sample, with the base URLs of these two servers in place of its own. */
export function sampleFile(openai: string, provider2: string): string {
  return `[openai]
base_url = "${openai}"
api_key = "[redacted]"
[openai.o3]
internal = "o3-mini-do-not-use"
external = "o3-mini"
[openai.gpt4]
internal = "gpt-4o-do-not-use"
external = "gpt-4o-2024-11-20"
[provider2]
base_url = "${provider2}"
api_key = "[redacted]"
[provider2.deepseek]
internal = "deepseek-example"
external = "deepseek-r1"
`;
}

/** A provider with one connector, `inner` for `outer`. */
export function oneConnector(baseUrl: string, key = 'provider-key-0123456789-abcd'): string {
  return `[p]\nbase_url = "${baseUrl}"\napi_key = "${key}"\n[p.c]\ninternal = "inner"\nexternal = "outer"\n`;
}

/** Where a connectors file is found without being named. */
export const connectorsName = 'external-api-connectors.toml';
