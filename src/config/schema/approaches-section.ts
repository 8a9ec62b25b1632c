import * as z from 'zod';
import { allowedHostProblem } from '../allowed-host.ts';
import { searchProviders } from '../approaches-config.ts';
import { backendUrlProblem } from '../backend-url.ts';
import {
  amount,
  anyText,
  choice,
  fieldHints,
  fieldTexts,
  onOff,
  seconds,
  text,
  variableName,
  wholeNumber,
} from './fields.ts';

/** In the units of the file. */
export const approachesDefaults = {
  from_request: true,
  max_calls: 100,
  keep_alive: 10,
  code_execution: { enabled: false, timeout: 30, memory_mb: 512, output_kb: 64 },
  web_search: { max_results: 10 },
  privacy: { language: 'en', timeout: 5, min_score: 0.4 },
} as const;

const choiceOfRequests = { expects: 'true, false or a list of names of approaches', example: '[moa, bon]' };

const fromRequest = z
  .union([
    z.boolean({ error: `must be ${choiceOfRequests.expects}, such as ${choiceOfRequests.example}` }),
    z
      .array(text('The name of an approach.', { expects: 'the name of an approach', example: 'moa' }))
      .min(1, { error: 'must name at least one approach; for none write false' }),
  ])
  .describe(
    'Which approaches a request may choose by itself: all, none, or these, of which it may also make pipelines. Routes may have any.',
  )
  .register(fieldTexts, choiceOfRequests);

const { code_execution: code } = approachesDefaults;

const codeExecution = z
  .strictObject({
    enabled: onOff('Whether code that a model wrote may be run at all.').default(code.enabled),
    command: z
      .array(anyText('The program of the sandbox, or one of its arguments.', { example: '"run-in-sandbox"' }))
      .min(1, { error: 'must hold at least the program' })
      .describe(
        'The sandbox that the code is run in, with a Python 3 in it, as a list: the program and its arguments. `{folder}` stands for the folder with the code, `program.py`; without it the code comes on standard input. Required if `enabled`.',
      )
      .optional(),
    timeout: seconds('How long the code may run.', { above: 0, maximum: 3600, example: code.timeout }).default(
      code.timeout,
    ),
    memory_mb: wholeNumber('The most memory of the code, in megabytes.', {
      minimum: 1,
      maximum: 1_048_576,
      example: code.memory_mb,
    }).default(code.memory_mb),
    output_kb: wholeNumber('The most output of the code, in kilobytes.', {
      minimum: 1,
      maximum: 1_048_576,
      example: code.output_kb,
    }).default(code.output_kb),
  })
  .describe('Running of code that a model wrote, for the approaches that need it.');

const mcpServer = z
  .strictObject({
    command: text('The program of a server on this machine. Instead of `url`.', {
      expects: 'the program as a text; its arguments stand in args',
      example: '"my-mcp-server"',
    }).optional(),
    args: z
      .array(anyText('An argument.', { expects: 'a text (in quotes)', example: '"--root"' }))
      .describe('The arguments of the program.')
      .optional(),
    env: z
      .record(z.string(), anyText('A value.', { expects: 'a text (in quotes)', example: '"/srv/data"' }))
      .describe('Environment variables of the program. Their values are never shown.')
      .optional(),
    url: text('The URL of a server that speaks streamable HTTP. Instead of `command`.', {
      expects: 'a URL that begins with http:// or https://',
      example: '"https://mcp.example.com/mcp"',
      check: (value) => backendUrlProblem(value, { query: true, keySetting: 'headers' }),
    }).optional(),
    headers: z
      .record(z.string(), anyText('A value, sent as written.', { expects: 'a text (in quotes)', example: '"team-a"' }))
      .describe('Headers of every request to it, such as one with a key. Their values are never shown.')
      .optional(),
  })
  .describe('A server of tools: `command`, or `url`.')
  .meta({ oneOf: [{ required: ['command'] }, { required: ['url'] }] });

const webSearch = z
  .strictObject({
    provider: choice('Who searches.', searchProviders),
    base_url: text("Where its API is. Required with `searxng`; else the provider's own address is taken.", {
      expects: 'a URL that begins with http:// or https://',
      example: '"http://127.0.0.1:8080"',
      check: (value) => backendUrlProblem(value, { query: false, keySetting: 'api_key_env_var' }),
    }).optional(),
    api_key_env_var: variableName('The environment variable that holds its key.', 'MY_SEARCH_KEY').optional(),
    max_results: wholeNumber('The most results of one search.', { minimum: 1, maximum: 20, example: 5 }).default(
      approachesDefaults.web_search.max_results,
    ),
  })
  .describe('The search of the approaches that look something up. Left out: there is none.');

const rawKey =
  'a key does not stand in this file; put it in an environment variable and write api_key_env_var with the name of the variable';
fieldHints.add(webSearch, { hints: { api_key: rawKey, key: rawKey, token: rawKey } });

const privacy = z
  .strictObject({
    analyzer_url: text(
      'Where a service that finds personal data answers under `/analyze`, as the analyzer of Presidio does.',
      {
        expects: 'a URL that begins with http:// or https://',
        example: '"http://127.0.0.1:5002"',
        check: (value) => backendUrlProblem(value, { query: false, keySetting: 'a proxy before it' }),
      },
    ),
    language: text('The language of the texts, as that service names it.', {
      expects: 'a language such as en',
      example: 'de',
    }).default(approachesDefaults.privacy.language),
    timeout: seconds('How long that service may take for all texts of a request.', {
      above: 0,
      maximum: 300,
      example: approachesDefaults.privacy.timeout,
    }).default(approachesDefaults.privacy.timeout),
    min_score: amount('How sure it must be of what it finds, from 0 to 1.', {
      minimum: 0,
      maximum: 1,
      example: approachesDefaults.privacy.min_score,
    }).default(approachesDefaults.privacy.min_score),
  })
  .describe('A service that the approach privacy asks, beside its own patterns. Left out: there is none.');

const readUrls = z
  .strictObject({
    allow_hosts: z
      .array(
        text('A host, with all of its ports or with one.', {
          expects: 'a host or host:port, without scheme and path',
          example: '"wiki.internal:8080"',
          check: allowedHostProblem,
        }),
      )
      .describe('Hosts that may be fetched although their addresses are not public.')
      .optional(),
  })
  .describe('The fetching of pages that a question names.');

/** `approaches` of `headrace.yaml`. */
export const approachesSection = z
  .strictObject({
    from_request: fromRequest.default(approachesDefaults.from_request),
    max_calls: wholeNumber('The most upstream calls of one request, whatever its route says.', {
      minimum: 1,
      maximum: 10_000,
      example: approachesDefaults.max_calls,
    }).default(approachesDefaults.max_calls),
    keep_alive: seconds(
      'After how much silence, at first and then again, a client that waits for a stream gets a sign of life.',
      { above: 0, maximum: 86_400, example: approachesDefaults.keep_alive },
    ).default(approachesDefaults.keep_alive),
    code_execution: codeExecution.optional(),
    mcp_servers: z
      .record(z.string(), mcpServer)
      .describe('Servers of tools (Model Context Protocol), by names of your own.')
      .optional(),
    web_search: webSearch.optional(),
    privacy: privacy.optional(),
    readurls: readUrls.optional(),
  })
  .describe('What holds for the approaches of the whole gateway.');

export type ApproachesSection = z.output<typeof approachesSection>;
