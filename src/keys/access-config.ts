import type { Config } from '../config/config.ts';

/** What `headrace.yaml` says of who may call, and how much. */
export type AccessConfig = Pick<Config, 'keys' | 'tiers' | 'teams' | 'tags'>;
