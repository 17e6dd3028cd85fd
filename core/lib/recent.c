/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recent.h"

#include <errno.h>

struct recent {
	struct {
		char *place; /* owned; NULL: nothing is kept here */
		struct folder_id id;
		struct held *held; /* a reference; its view has the key */
	} at[RECENT_FILES];
	size_t next; /* to be replaced */
};

static int hold(char **bytes, size_t n, const struct view *view, struct held **ret_held)
{
	struct held *h = malloc(sizeof *h);

	if (!h)
		return -ENOMEM;

	*h = (struct held){
		.refs = 1,
		.bytes = take_ptr(*bytes),
		.n = n,
		.view = *view,
		.settled = view_is_settled(view),
	};
	*ret_held = h;
	return 0;
}

int held_new(char **bytes, size_t n, struct held **ret_held)
{
	struct view view;
	int r = view_init(&view, *bytes, n);

	return r < 0 ? r : hold(bytes, n, &view, ret_held);
}

int held_own(char **bytes, size_t n, struct held **ret_held)
{
	struct view view;

	view_own(&view, *bytes, n);
	return hold(bytes, n, &view, ret_held);
}

struct held *held_ref(struct held *h)
{
	(void)__atomic_add_fetch(&h->refs, 1, __ATOMIC_RELAXED);
	return h;
}

void held_drop(struct held *h)
{
	if (!h || __atomic_sub_fetch(&h->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;

	free(h->bytes);
	free(h);
}

struct recent *recent_new(void)
{
	return calloc(1, sizeof(struct recent));
}

void recent_free(struct recent *r)
{
	for (size_t i = 0; r && i < RECENT_FILES; i++) {
		free(r->at[i].place);
		held_drop(r->at[i].held);
	}
	free(r);
}

/* Where a file is kept; RECENT_FILES: nowhere. */
static size_t place_of(const struct recent *r, const char *place, struct span key)
{
	size_t i = 0;

	while (i < RECENT_FILES &&
	       !(r->at[i].place && strcmp(r->at[i].place, place) == 0 &&
		 span_eq(r->at[i].held->view.path, key)))
		i++;
	return i;
}

struct held *recent_find(const struct recent *r, const char *place, struct span key,
			 struct folder_id *ret_id)
{
	size_t i = place_of(r, place, key);

	if (i == RECENT_FILES)
		return NULL;

	*ret_id = r->at[i].id;
	return r->at[i].held;
}

void recent_put(struct recent *r, const char *place, struct span key,
		const struct folder_id *id, struct held *h)
{
	size_t i = place_of(r, place, key);
	char *copy;

	if (!id->settled || h->n > RECENT_SIZE_MAX)
		return;

	copy = strdup(place);
	if (!copy)
		return;

	if (i == RECENT_FILES) {
		i = r->next;
		r->next = (i + 1) % RECENT_FILES;
	}
	free(r->at[i].place);
	held_drop(r->at[i].held);
	r->at[i].place = copy;
	r->at[i].id = *id;
	r->at[i].held = held_ref(h);
}
