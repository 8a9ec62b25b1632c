import * as z from 'zod';
import { hostProblem } from '../listen-address.ts';
import { redisUrlProblem } from '../redis-url.ts';
import { approachesSection } from './approaches-section.ts';
import { brakeSection } from './brake-section.ts';
import { choice, fieldHints, seconds, text, variableName, wholeNumber } from './fields.ts';
import { idempotencySection } from './idempotency-section.ts';
import { keyFields } from './key-fields.ts';
import { limitsSchema, tagsSection, teamsSection, tiersSection } from './limits-section.ts';
import { modelAliasesSection, routesSection } from './routes-section.ts';
import { storageSection } from './storage-section.ts';
import { telemetrySection } from './telemetry-section.ts';

/** What holds where neither flag, environment nor `headrace.yaml` says anything, in the units of the file. */
export const settingDefaults = {
  host: '127.0.0.1',
  port: 8000,
  config_dir: 'config',
  log_level: 'info',
  workers: 1,
  max_request_bytes: 64 * 1024 * 1024,
  max_response_bytes: 64 * 1024 * 1024,
  when_store_lost: 'share',
  shutdown_timeout: 30,
  stream_heartbeat: 15,
} as const;

const listen = z
  .strictObject({
    host: text('The address to listen on. Any other than a loopback address needs a key.', {
      expects: 'a host name or an IP address, without scheme and port',
      example: '"127.0.0.1"',
      check: hostProblem,
    }).default(settingDefaults.host),
    port: wholeNumber('The port to listen on; 0 takes any free one.', {
      minimum: 0,
      maximum: 65_535,
      example: 8000,
    }).default(settingDefaults.port),
  })
  .describe('Where the gateway listens.');

const key = z
  .strictObject({
    name: keyFields.name,
    key_env_var: variableName('The environment variable that holds the key.', 'ALICE_KEY').optional(),
    sha256: text('The SHA-256 of the key in hexadecimal digits, instead of `key_env_var`.', {
      expects: 'the SHA-256 of the key as 64 hexadecimal digits',
      example: 'the output of: printf %s "$KEY" | sha256sum',
      pattern: /^[0-9A-Fa-f]{64}$/,
    }).optional(),
    role: keyFields.role.default('user'),
    models: keyFields.models.optional(),
    owner: keyFields.owner.optional(),
    team: keyFields.team.optional(),
    tags: keyFields.tags.optional(),
    tier: keyFields.tier.optional(),
    limits: limitsSchema.optional(),
    expires_at: keyFields.expires_at.optional(),
  })
  .describe('A key of the gateway itself.');

const rawKey =
  'a key does not stand in this file; put it in an environment variable and write key_env_var with the name of the variable, or write sha256 with the SHA-256 of the key';
fieldHints.add(key, { hints: { key: rawKey, api_key: rawKey, value: rawKey, secret: rawKey, token: rawKey } });

const limits = z
  .strictObject({
    max_request_bytes: wholeNumber('Bytes of a request beyond which it is refused with 413.', {
      minimum: 1,
      example: 67_108_864,
    }).default(settingDefaults.max_request_bytes),
    max_response_bytes: wholeNumber('Bytes of an answer that is read whole beyond which it is given up.', {
      minimum: 1,
      example: 67_108_864,
    }).default(settingDefaults.max_response_bytes),
    redis_url: text(
      'A Redis or Valkey through which several machines share the limits of keys, teams, tags, models and upstream keys.',
      {
        expects: 'the URL of a Redis or Valkey',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how the file names a variable
        example: '"${REDIS_URL}"',
        check: redisUrlProblem,
      },
    ).optional(),
    when_store_lost: choice(
      'While that cannot be reached: go on with what this process holds, and after a minute with an equal share; or refuse calls that have limits.',
      ['share', 'refuse'],
    ).default(settingDefaults.when_store_lost),
  })
  .describe('Limits of the gateway itself.');

/** `headrace.yaml`: the gateway itself. A new section is one more optional field here. */
export const settingsFile = z
  .strictObject({
    listen: listen.optional(),
    default_backend: text(
      'The backend of requests whose model names none, or a selector of backends, models and routes.',
      { example: 'my-backend' },
    ).optional(),
    force_context_window: wholeNumber('A window in tokens that no model may exceed; it lowers and never raises.', {
      minimum: 1,
      example: 32_000,
    }).optional(),
    log_level: choice('The least severe messages that are logged.', [
      'trace',
      'debug',
      'info',
      'warn',
      'error',
      'silent',
    ]).default(settingDefaults.log_level),
    workers: wholeNumber('The number of processes that serve.', { minimum: 1, maximum: 1024, example: 2 }).default(
      settingDefaults.workers,
    ),
    connectors: text(
      'The connectors file. Relative to this folder, as a flag or variable to the working directory. Default: `external-api-connectors.toml` in this folder, if it exists.',
      {
        expects: 'the path of a TOML file',
        example: '"external-api-connectors.toml"',
      },
    ).optional(),
    keys: z.array(key).describe('The keys of the gateway itself. None: it is open, and on loopback only.').optional(),
    tiers: tiersSection.optional(),
    teams: teamsSection.optional(),
    tags: tagsSection.optional(),
    routes: routesSection.optional(),
    model_aliases: modelAliasesSection.optional(),
    approaches: approachesSection.optional(),
    brake: brakeSection.optional(),
    limits: limits.optional(),
    storage: storageSection.optional(),
    idempotency: idempotencySection.optional(),
    telemetry: telemetrySection.optional(),
    shutdown_timeout: seconds('How long running requests may go on after a signal to stop.', {
      minimum: 0,
      maximum: 86_400,
      example: 30,
    }).default(settingDefaults.shutdown_timeout),
    stream_heartbeat: seconds(
      'After how much silence a comment line is sent in a running stream, so that nothing between hangs up; 0 for never.',
      { minimum: 0, maximum: 86_400, example: 15 },
    ).default(settingDefaults.stream_heartbeat),
  })
  .describe('Settings of the gateway itself. All are optional.')
  .meta({ title: 'headrace.yaml' });

fieldHints.add(settingsFile, {
  hints: {
    base_url: 'unknown field: write a backend.yaml with api_base_url, or start with --base-url',
    host: 'unknown field: write listen.host',
    port: 'unknown field: write listen.port',
    backends: 'unknown field: each backend has a file of its own, backends/<name>/backend.yaml',
  },
});

export type SettingsFile = z.output<typeof settingsFile>;
