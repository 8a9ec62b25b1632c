import type { ModelListing } from '../models/directory.ts';

/** A model as `/v1/models` shows it. */
export function toModelBody(listing: ModelListing): object {
  return {
    id: listing.id,
    object: 'model',
    created: 0,
    owned_by: listing.ownedBy,
    ...(listing.contextWindow === undefined ? {} : { context_window: listing.contextWindow }),
    ...(listing.maxOutputTokens === undefined ? {} : { max_output_tokens: listing.maxOutputTokens }),
  };
}
