import { GatewayError } from '../gateway-error.ts';
import type { Caller } from '../types/caller.ts';
import { errorReply, toGatewayError } from './errors.ts';
import type { Exchange, HttpRoute, RouteRole } from './exchange.ts';

export interface RouterPorts {
  /** @throws GatewayError `invalid_api_key` */
  readonly identify: (exchange: Exchange) => Caller;
  /** Told of every request that ends with an error before or outside of its handler's own care. */
  readonly refused: (exchange: Exchange, error: GatewayError) => void;
}

/** A path with one part that may be anything. */
interface Template {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly methods: Map<string, HttpRoute>;
}

/** Finds the route of a request, lets in whom the route's role lets in, and answers with the error where one is thrown. */
export class Router {
  readonly #exact = new Map<string, Map<string, HttpRoute>>();
  readonly #prefixes: { readonly path: string; readonly methods: Map<string, HttpRoute> }[] = [];
  readonly #templates: Template[] = [];
  readonly #ports: RouterPorts;

  constructor(routes: readonly HttpRoute[], ports: RouterPorts) {
    this.#ports = ports;
    for (const route of routes) {
      this.#methodsOf(route.path).set(route.method, route);
    }
  }

  /** Answers a request; never throws. */
  handle(exchange: Exchange): void {
    try {
      const { route, rest } = this.#find(exchange);
      const caller = route.role === 'open' ? nobody : this.#ports.identify(exchange);
      checkRole(caller, route.role);
      const result = route.handle(exchange, caller, rest);
      if (result instanceof Promise) result.catch((error: unknown) => this.#fail(exchange, error));
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #find(exchange: Exchange): { route: HttpRoute; rest: string } {
    const { path } = exchange;
    let methods = this.#exact.get(path);
    let rest = '';
    if (methods === undefined) ({ methods, rest } = this.#inTemplate(path));
    if (methods === undefined) {
      const prefix = this.#prefixes.find((entry) => path.startsWith(entry.path) && path.length > entry.path.length);
      methods = prefix?.methods;
      rest = prefix ? path.slice(prefix.path.length) : '';
    }
    if (methods === undefined) {
      throw new GatewayError('not_found', `there is nothing at ${path.slice(0, 200)}`);
    }
    const route = methods.get(exchange.method) ?? (exchange.method === 'HEAD' ? methods.get('GET') : undefined);
    if (route !== undefined) return { route, rest };
    const allowed = [...methods.keys()].join(', ');
    throw new GatewayError('method_not_allowed', `${path.slice(0, 200)} takes ${allowed}, not ${exchange.method}`, {
      headers: [['allow', allowed]],
    });
  }

  #inTemplate(path: string): { methods: Map<string, HttpRoute> | undefined; rest: string } {
    for (const { before, after, methods } of this.#templates) {
      if (path.length <= before.length + after.length || !path.startsWith(before) || !path.endsWith(after)) continue;
      const rest = path.slice(before.length, path.length - after.length);
      if (!rest.includes('/')) return { methods, rest };
    }
    return { methods: undefined, rest: '' };
  }

  #methodsOf(path: string): Map<string, HttpRoute> {
    if (path.includes('{')) return this.#template(path);
    return path.endsWith('/') ? this.#prefix(path) : this.#path(path);
  }

  #template(path: string): Map<string, HttpRoute> {
    const known = this.#templates.find((entry) => entry.path === path);
    if (known !== undefined) return known.methods;
    const [before = '', after = ''] = path.split(/\{[^}]*\}/);
    const methods = new Map<string, HttpRoute>();
    this.#templates.push({ path, before, after, methods });
    return methods;
  }

  #path(path: string): Map<string, HttpRoute> {
    let methods = this.#exact.get(path);
    if (methods === undefined) {
      methods = new Map();
      this.#exact.set(path, methods);
    }
    return methods;
  }

  #prefix(path: string): Map<string, HttpRoute> {
    const known = this.#prefixes.find((entry) => entry.path === path);
    if (known !== undefined) return known.methods;
    const methods = new Map<string, HttpRoute>();
    this.#prefixes.push({ path, methods });
    return methods;
  }

  #fail(exchange: Exchange, thrown: unknown): void {
    const error = toGatewayError(thrown);
    this.#ports.refused(exchange, error);
    const { status, headers, body } = errorReply(error);
    exchange.reply(status, [...headers, ['x-request-id', exchange.id]], body);
  }
}

/** Who asks on a route that needs no key. */
const nobody: Caller = { name: 'nobody', role: 'user', models: new Set() };

function checkRole(caller: Caller, role: RouteRole): void {
  if (role === 'admin' && caller.role !== 'admin') {
    throw new GatewayError(
      'permission_denied',
      `this needs a key with the role admin; "${caller.name}" has the role user`,
    );
  }
}
