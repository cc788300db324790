// /changes leads to what there is of it.
import { redirect } from '@sveltejs/kit';

export function load(): never {
  redirect(307, '/changes/log');
}
