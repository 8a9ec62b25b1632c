/** What a limit counts: client requests, tokens of prompts and answers, nano-dollars, calls that run at a time. */
export type Resource = 'requests' | 'tokens' | 'cost' | 'concurrent';

/**
 * Over which span it counts: any 60 seconds, a calendar day, week (from Monday) or month in UTC, or for ever. What runs
 * at a time has none.
 */
export type Period = 'minute' | 'day' | 'week' | 'month' | 'total';

/** Whose limit it is. `model` stands for a model of a backend, all others for who calls. */
export type LevelKind = 'key' | 'team' | 'tag' | 'owner' | 'model' | 'backend-key';

export interface Level {
  readonly kind: LevelKind;
  /** Unique within its kind. */
  readonly name: string;
}

/** One number that must not be exceeded. */
export interface Limit {
  /** Such as `key:alice/tokens/minute`: the same limit has the same name on all machines and after restarts. */
  readonly id: string;
  readonly level: Level;
  readonly resource: Resource;
  /** Undefined for `concurrent`, and only there. */
  readonly period: Period | undefined;
  /** An integer from 0; requests, tokens, nano-dollars or calls. */
  readonly maximum: number;
}

/** What a call takes, or took. Integers from 0; a place of `concurrent` goes with it by itself. */
export interface Demand {
  readonly requests: number;
  readonly tokens: number;
  /** Nano-dollars. */
  readonly cost: number;
}

/** How much of a limit is used at a moment. */
export interface LimitState {
  readonly limit: Limit;
  /** Used, with what is reserved. */
  readonly used: number;
  /** Never below 0. */
  readonly remaining: number;
  /** Milliseconds until the period begins anew, or until the window is empty; undefined: never. */
  readonly resetMs: number | undefined;
  /** Whether the number holds over all that share it, or is this process' part of it alone. */
  readonly scope: 'shared' | 'process';
}

export function limitId(level: Level, resource: Resource, period: Period | undefined): string {
  return `${level.kind}:${level.name}/${resource}${period === undefined ? '' : `/${period}`}`;
}
