/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of cJSON that the tool calls. */
#include <assert.h>
#include <cjson/cJSON.h>

#include "late.h"

static_assert(CJSON_VERSION_MAJOR == 1, "late.c has the name of this ABI");

#define JSON(type, function, parameters, arguments, otherwise) \
	LATE(LATE_JSON, type, cJSON_##function, parameters, arguments, otherwise)
#define JSON_VOID(function, parameters, arguments) \
	LATE_VOID(LATE_JSON, cJSON_##function, parameters, arguments)

JSON(cJSON *, AddBoolToObject,
     (cJSON *const object, const char *const name, const cJSON_bool boolean),
     (object, name, boolean), NULL)
JSON(cJSON *, AddNumberToObject,
     (cJSON *const object, const char *const name, const double number),
     (object, name, number), NULL)
JSON(cJSON *, AddObjectToObject, (cJSON *const object, const char *const name),
     (object, name), NULL)
JSON(cJSON *, AddStringToObject,
     (cJSON *const object, const char *const name, const char *const string),
     (object, name, string), NULL)
JSON(cJSON_bool, AddItemToArray, (cJSON * array, cJSON *item), (array, item), 0)
JSON(cJSON_bool, AddItemToObject, (cJSON * object, const char *string, cJSON *item),
     (object, string, item), 0)
JSON(cJSON_bool, AddItemToObjectCS, (cJSON * object, const char *string, cJSON *item),
     (object, string, item), 0)
JSON(cJSON_bool, Compare,
     (const cJSON *const a, const cJSON *const b, const cJSON_bool case_sensitive),
     (a, b, case_sensitive), 0)
JSON(cJSON *, CreateArray, (void), (), NULL)
JSON(cJSON *, CreateBool, (cJSON_bool boolean), (boolean), NULL)
JSON(cJSON *, CreateNull, (void), (), NULL)
JSON(cJSON *, CreateNumber, (double num), (num), NULL)
JSON(cJSON *, CreateObject, (void), (), NULL)
JSON(cJSON *, CreateRaw, (const char *raw), (raw), NULL)
JSON(cJSON *, CreateString, (const char *string), (string), NULL)
JSON(cJSON *, DetachItemViaPointer, (cJSON * parent, cJSON *const item), (parent, item),
     NULL)
JSON(cJSON *, Duplicate, (const cJSON *item, cJSON_bool recurse), (item, recurse), NULL)
JSON(int, GetArraySize, (const cJSON *array), (array), 0)
JSON(cJSON *, GetObjectItem, (const cJSON *const object, const char *const string),
     (object, string), NULL)
JSON(cJSON *, GetObjectItemCaseSensitive,
     (const cJSON *const object, const char *const string), (object, string), NULL)
JSON(char *, GetStringValue, (const cJSON *const item), (item), NULL)
JSON(cJSON_bool, IsArray, (const cJSON *const item), (item), 0)
JSON(cJSON_bool, IsNumber, (const cJSON *const item), (item), 0)
JSON(cJSON_bool, IsObject, (const cJSON *const item), (item), 0)
JSON(cJSON *, Parse, (const char *value), (value), NULL)
JSON(cJSON *, ParseWithLength, (const char *value, size_t buffer_length),
     (value, buffer_length), NULL)
JSON(char *, Print, (const cJSON *item), (item), NULL)
JSON(char *, PrintUnformatted, (const cJSON *item), (item), NULL)

JSON_VOID(Delete, (cJSON * item), (item))
JSON_VOID(DeleteItemFromObject, (cJSON * object, const char *string), (object, string))
JSON_VOID(DeleteItemFromObjectCaseSensitive, (cJSON * object, const char *string),
	  (object, string))
JSON_VOID(free, (void *object), (object))
