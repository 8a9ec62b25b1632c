import { backendPrefix } from '../config/backend-prefix.ts';
import type { Config } from '../config/config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Directory } from '../models/directory.ts';
import type { Route } from '../types/route.ts';
import type { Say } from './explain.ts';
import { type NameRule, nameRules, type Resolution, resolveName } from './resolve.ts';

const titles: Readonly<Record<NameRule, string>> = {
  'public-name': 'a public name',
  'backend-prefix': 'backend:model',
  declared: 'declared by one backend',
  'default-backend': 'the default backend',
};

/**
 * Says of each rule, up to the one that decides, what it finds for a model's name.
 * @throws GatewayError where none decides
 */
export function explainName(asked: string, config: Config, directory: Directory, say: Say): Route {
  const found = tryResolve(asked, directory);
  const name = directory.rewritten(asked);
  if (name !== asked) say('alias', `${JSON.stringify(asked)} stands for ${JSON.stringify(name)}`);
  const decided = found instanceof GatewayError ? undefined : found.rule;
  for (const [at, rule] of nameRules.entries()) {
    const text = describers[rule](name, config, directory);
    say(`rule ${at + 1}, ${titles[rule]}`, rule === decided ? `yes, ${text}` : `no, ${text}`);
    if (rule === decided) break;
  }
  if (found instanceof GatewayError) throw found;
  return found.route;
}

function tryResolve(name: string, directory: Directory): Resolution | GatewayError {
  try {
    return resolveName(name, directory);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

type Describe = (name: string, config: Config, directory: Directory) => string;

/** What each rule sees, in words that fit whether it decides or not. */
const describers: Readonly<Record<NameRule, Describe>> = {
  'public-name': (name, config, directory) => {
    const route = directory.publicRoute(name) && config.routes.get(name);
    if (route !== undefined) return `it is the route of ${route.place}`;
    const connector = config.connectors.get(name);
    if (connector === undefined) return 'no route and no connector has this name';
    const who = `it is the "internal" of the connector ${connector.path}`;
    return connector.heldBy === undefined ? who : `${who}, which is pending: ${connector.heldBy} holds the name`;
  },
  'backend-prefix': (name, _config, directory) => {
    const prefix = backendPrefix(name);
    if (prefix === undefined) return 'there is no ":" before the first "/"';
    if (!directory.hasBackend(prefix)) return `${JSON.stringify(prefix)} is no backend`;
    const text = `${JSON.stringify(prefix)} is a backend`;
    return name.length > prefix.length + 1 ? text : `${text}, and no model behind it means its default_model`;
  },
  declared: (name, _config, directory) => {
    const declaring = directory.declaring(name);
    if (declaring.length === 0) return 'no backend declares it';
    return declaring.length === 1
      ? `backend ${declaring[0]} declares it`
      : `several declare it: ${declaring.join(', ')}`;
  },
  'default-backend': (name, config, directory) => {
    const { defaultBackend } = directory;
    if (directory.hasDefaultRoute) return `default_backend is a selector (${config.defaultRoute?.place})`;
    if (defaultBackend === undefined) return 'none is set';
    const declaring = directory.declaring(name);
    if (declaring.length > 1 && !declaring.includes(defaultBackend)) return `${defaultBackend} is none of those`;
    const text = `${defaultBackend} is the default backend`;
    return name === '' ? `${text}, and no name means its default_model` : text;
  },
};
