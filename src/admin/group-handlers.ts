import { nameFault } from '../config/schema/key-fields.ts';
import { GatewayError } from '../gateway-error.ts';
import { decodeName } from '../http/reply-json.ts';
import type { AccessDirectory } from '../keys/access-directory.ts';
import { type GroupManager, noGroup } from '../keys/group-manager.ts';
import type { Group } from '../keys/virtual-key.ts';
import type { groupOperations } from './group-operations.ts';
import * as schemas from './group-schemas.ts';
import { takeLimits } from './limit-schemas.ts';
import type { AdminHandler } from './operation.ts';
import { pageOf } from './page.ts';
import { readBody, readIfMatch, readQuery, readVersion } from './read-request.ts';
import { replyPrivate, replyVersioned, showGroup } from './show.ts';

type Handlers = Record<'list' | 'get' | 'put' | 'remove', AdminHandler>;

export interface GroupHandlerPorts {
  readonly directory: () => AccessDirectory;
  /** @throws GatewayError where nothing can be stored */
  readonly manager: () => GroupManager;
}

/** What the operations on teams and tags do. */
export function createGroupHandlers(ports: GroupHandlerPorts): Record<keyof typeof groupOperations, AdminHandler> {
  const teams = handlersOf('team', ports);
  const tags = handlersOf('tag', ports);
  return {
    listTeams: teams.list,
    getTeam: teams.get,
    putTeam: teams.put,
    deleteTeam: teams.remove,
    listTags: tags.list,
    getTag: tags.get,
    putTag: tags.put,
    deleteTag: tags.remove,
  };
}

function handlersOf(kind: Group['kind'], ports: GroupHandlerPorts): Handlers {
  return { ...readingHandlers(kind, ports), ...changingHandlers(kind, ports) };
}

function readingHandlers(kind: Group['kind'], { directory }: GroupHandlerPorts): Pick<Handlers, 'list' | 'get'> {
  return {
    list: (exchange) => {
      const query = readQuery(exchange, schemas.groupQuery);
      const now = directory();
      const groups = [...now.groups(kind).values()];
      replyPrivate(
        exchange,
        200,
        pageOf(
          groups,
          ({ name }) => name,
          (group) => showGroup(group, now),
          query,
        ),
      );
    },
    get: (exchange, _caller, rest) => {
      const name = decodeName(rest);
      const group = directory().groups(kind).get(name);
      if (group === undefined) throw noGroup(kind, name);
      replyVersioned(exchange, 200, showGroup(group, directory()));
    },
  };
}

function changingHandlers(
  kind: Group['kind'],
  { directory, manager }: GroupHandlerPorts,
): Pick<Handlers, 'put' | 'remove'> {
  return {
    put: async (exchange, caller, rest) => {
      const groups = manager();
      const { tier, limits, version } = readBody(exchange, schemas.newGroup, true);
      const wanted = { kind, name: readName(rest), tier: tier ?? undefined, limits: takeLimits(limits) };
      const group = await groups.put(wanted, readVersion(exchange, version), caller);
      replyVersioned(exchange, group.version === 1 ? 201 : 200, showGroup(group, directory()));
    },
    remove: async (exchange, caller, rest) => {
      const { force } = readQuery(exchange, schemas.deletionQuery);
      const options = { force: force === 'true', version: readIfMatch(exchange) };
      await manager().delete(kind, decodeName(rest), options, caller);
      exchange.reply(204, [['x-request-id', exchange.id]], '');
    },
  };
}

function readName(rest: string): string {
  const name = decodeName(rest);
  const fault = nameFault(name);
  if (fault === undefined) return name;
  throw new GatewayError('invalid_request', `the name ${fault}`, { param: 'name' });
}
