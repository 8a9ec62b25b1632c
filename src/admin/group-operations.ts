import * as schemas from './group-schemas.ts';
import { pageOf } from './key-schemas.ts';
import type { AdminOperation, AnswerDescription } from './operation.ts';

type Four = Record<'list' | 'get' | 'put' | 'delete', AdminOperation>;

/** The four operations on teams, or on tags. */
function operationsOf(kind: 'Team' | 'Tag'): Four {
  const word = kind.toLowerCase();
  const list = `/admin/${word}s`;
  const path = `${list}/{name}`;
  const shown = { description: `The ${word}.`, schema: schemas.shownGroup };
  const one = { path, parameter: `The name of the ${word}.` };
  return {
    list: {
      id: `list${kind}s`,
      method: 'GET',
      path: list,
      summary: `The ${word}s that have limits, those of the file too`,
      query: schemas.groupQuery,
      answers: { 200: { description: `A page of ${word}s, by name.`, schema: pageOf(schemas.shownGroup) } },
      errors: ['invalid_request'],
    },
    get: {
      ...one,
      id: `get${kind}`,
      method: 'GET',
      summary: `One ${word}`,
      answers: { 200: shown },
      errors: ['not_found'],
    },
    ...changesOf(kind, one, shown),
  };
}

function changesOf(
  kind: 'Team' | 'Tag',
  one: Pick<AdminOperation, 'path' | 'parameter'>,
  shown: AnswerDescription,
): Pick<Four, 'put' | 'delete'> {
  const word = kind.toLowerCase();
  return {
    put: {
      ...one,
      id: `put${kind}`,
      method: 'PUT',
      isConditional: true,
      summary: `Make a ${word}, or replace what it may take`,
      body: schemas.newGroup,
      isBodyOptional: true,
      answers: { 200: shown, 201: { ...shown, description: `The ${word}, which is new.` } },
      errors: ['invalid_json', 'invalid_request', 'conflict', 'backend_unavailable'],
    },
    delete: {
      ...one,
      id: `delete${kind}`,
      method: 'DELETE',
      isConditional: true,
      summary: kind === 'Team' ? 'Delete a team that has no keys' : 'Delete the limits of a tag; keys keep the tag',
      query: schemas.deletionQuery,
      answers: { 204: { description: 'It is gone.', schema: undefined } },
      errors: ['invalid_request', 'not_found', 'conflict', 'backend_unavailable'],
    },
  };
}

const teams = operationsOf('Team');
const tags = operationsOf('Tag');

/** Teams and tags. */
export const groupOperations = {
  listTeams: teams.list,
  getTeam: teams.get,
  putTeam: teams.put,
  deleteTeam: teams.delete,
  listTags: tags.list,
  getTag: tags.get,
  putTag: tags.put,
  deleteTag: tags.delete,
} as const satisfies Record<string, AdminOperation>;
