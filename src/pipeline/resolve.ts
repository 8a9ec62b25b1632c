import { backendPrefix } from '../config/backend-prefix.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Directory } from '../models/directory.ts';
import type { Caller } from '../types/caller.ts';
import type { Route } from '../types/route.ts';

/** Which rule gave a name its meaning, in the order in which they are tried. */
export const nameRules = ['public-name', 'backend-prefix', 'declared', 'default-backend'] as const;
export type NameRule = (typeof nameRules)[number];

export interface Resolution {
  readonly route: Route;
  readonly rule: NameRule;
}

/**
 * What the model's name of a call stands for.
 * @throws GatewayError `model_not_found`, `unknown_backend`, `ambiguous_model` or `invalid_request`
 */
export function resolve(name: string, caller: Caller, directory: Directory): Route {
  if (caller.models === undefined) return resolveName(name, directory).route;
  let route: Route;
  try {
    route = resolveName(name, directory).route;
  } catch {
    throw notFound(name, allowedNames(caller, directory));
  }
  // A name that a key may not use answers exactly as one that does not exist.
  if (!mayUse(caller, name, route, directory)) throw notFound(name, allowedNames(caller, directory));
  return route;
}

/** Whether a caller may use a route, under one of its public names or the one that it asked for. */
export function mayUse({ models }: Caller, asked: string, route: Route, directory: Directory): boolean {
  return models === undefined || models.has(asked) || directory.namesOf(route).some((name) => models.has(name));
}

/**
 * The same for a caller who may use every model, with the rule that decided.
 * @throws GatewayError as `resolve`
 */
export function resolveName(asked: string, directory: Directory): Resolution {
  const name = directory.rewritten(asked);
  const known = directory.publicRoute(name);
  if (known !== undefined) return { route: known, rule: 'public-name' };
  return resolveOther(name, directory);
}

/** What a name stands for that is no public name of the operator's own. */
function resolveOther(name: string, directory: Directory): Resolution {
  // What was deleted does not fall through to a backend that takes any name.
  if (directory.isDeleted(name) && directory.declaring(name).length !== 1)
    throw notFound(name, directory.listedNames());
  const prefix = backendPrefix(name);
  if (prefix !== undefined && directory.hasBackend(prefix)) {
    return { route: atBackend(prefix, name.slice(prefix.length + 1), name, directory), rule: 'backend-prefix' };
  }
  const declaring = directory.declaring(name);
  const [only] = declaring;
  if (declaring.length === 1 && only !== undefined) {
    return { route: directory.backendRoute(only, name) as Route, rule: 'declared' };
  }
  const fallback = directory.defaultBackend;
  if (declaring.length > 1 && !declaring.includes(fallback ?? '') && !directory.hasDefaultRoute)
    throw ambiguous(name, declaring);
  if (fallback !== undefined) {
    return { route: atBackend(fallback, name, name, directory), rule: 'default-backend' };
  }
  const route = directory.defaultRoute(name);
  if (route !== undefined) return { route, rule: 'default-backend' };
  if (name === '') return missingDefault('the gateway');
  if (prefix !== undefined) throw unknownBackend(prefix, directory.backendNames());
  throw notFound(name, directory.listedNames());
}

/** @param model as it is asked for there; `''` means the backend's default */
function atBackend(backend: string, model: string, name: string, directory: Directory): Route {
  const route = directory.backendRoute(backend, model);
  if (route !== undefined) return route;
  if (directory.isDefaultDeleted(backend)) throw notFound(name, directory.listedNames());
  const isDefault = directory.defaultBackend === backend && model === name;
  return missingDefault(isDefault ? `the default backend "${backend}"` : `backend "${backend}"`);
}

function missingDefault(what: string): never {
  throw new GatewayError('invalid_request', `"model" is missing, and ${what} has no default model; name one`, {
    param: 'model',
  });
}

function ambiguous(name: string, declaring: readonly string[]): GatewayError {
  const choices = declaring.map((backend) => `${backend}:${name}`).join(', ');
  return new GatewayError('ambiguous_model', `several backends have a model "${name}"; ask for one of: ${choices}`, {
    param: 'model',
  });
}

function unknownBackend(prefix: string, known: readonly string[]): GatewayError {
  const message = `there is no backend "${shorten(prefix)}"; known backends: ${enumerate(known)}`;
  return new GatewayError('unknown_backend', message, { param: 'model' });
}

/** The one answer for every model that is not there, or not there for this caller. */
export function notFound(name: string, names: readonly string[]): GatewayError {
  const message = `there is no model "${shorten(name)}"; available: ${enumerate(names)}`;
  return new GatewayError('model_not_found', message, { param: 'model' });
}

function allowedNames(caller: Caller, directory: Directory): readonly string[] {
  return directory.listedNames().filter((name) => directory.isListedFor(name, caller.models));
}

function shorten(name: string): string {
  return name.length > 200 ? `${name.slice(0, 200)}...` : name;
}

function enumerate(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, 50).join(', ');
  return names.length > 50 ? `${shown} and ${names.length - 50} more` : shown;
}
