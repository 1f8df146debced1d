/*
 * Sizes, offsets and values of net_websocket_type.h, which a program that was compiled with the
 * platform's header relies on. It is enough that this compiles, as C99 and later or as C++.
 */
#include "layout.h"
#include "net_websocket_type.h"

/* In pointers, so that it holds for 32 and 64 bits: a number of 32 bits takes up one of them. */
#define SIZE(type, pointers) ASSERT(sizeof(type) == (pointers) * P)
#define FIELD(type, field, pointers, bytes)                                                       \
    ASSERT(offsetof(type, field) == (pointers) * P && sizeof(((type *)0)->field) == (bytes))

SIZE(WebSocket_CloseResult, 2);
FIELD(WebSocket_CloseResult, code, 0, 4);
FIELD(WebSocket_CloseResult, reason, 1, P);

SIZE(WebSocket_CloseOption, 2);
FIELD(WebSocket_CloseOption, code, 0, 4);
FIELD(WebSocket_CloseOption, reason, 1, P);

SIZE(WebSocket_ErrorResult, 2);
FIELD(WebSocket_ErrorResult, errorCode, 0, 4);
FIELD(WebSocket_ErrorResult, errorMessage, 1, P);

SIZE(WebSocket_OpenResult, 2);
FIELD(WebSocket_OpenResult, code, 0, 4);
FIELD(WebSocket_OpenResult, reason, 1, P);

SIZE(WebSocket_Header, 3);
FIELD(WebSocket_Header, fieldName, 0, P);
FIELD(WebSocket_Header, fieldValue, 1, P);
FIELD(WebSocket_Header, next, 2, P);

SIZE(WebSocket_RequestOptions, 1);
FIELD(WebSocket_RequestOptions, headers, 0, P);

SIZE(WebSocket, 5);
FIELD(WebSocket, onOpen, 0, P);
FIELD(WebSocket, onMessage, 1, P);
FIELD(WebSocket, onError, 2, P);
FIELD(WebSocket, onClose, 3, P);
FIELD(WebSocket, requestOptions, 4, P);

#if defined(__LP64__)
ASSERT(sizeof(WebSocket_CloseResult) == 16);
ASSERT(sizeof(WebSocket_CloseOption) == 16);
ASSERT(sizeof(WebSocket_ErrorResult) == 16);
ASSERT(sizeof(WebSocket_OpenResult) == 16);
ASSERT(sizeof(WebSocket_Header) == 24);
ASSERT(sizeof(WebSocket_RequestOptions) == 8);
ASSERT(sizeof(WebSocket) == 40);
#endif

#define VALUE(name, number) ASSERT((int)(name) == (number))

ASSERT(sizeof(WebSocket_ErrCode) == 4);
VALUE(WEBSOCKET_OK, 0);
VALUE(E_BASE, 1000);
VALUE(WEBSOCKET_CLIENT_NULL, 1001);
VALUE(WEBSOCKET_CLIENT_NOT_CREATED, 1002);
VALUE(WEBSOCKET_CONNECTION_ERROR, 1003);
VALUE(WEBSOCKET_CONNECTION_PARSE_URL_ERROR, 1005);
VALUE(WEBSOCKET_CONNECTION_NO_MEMORY, 1006);
VALUE(WEBSOCKET_CONNECTION_CLOSED_BY_PEER, 1007);
VALUE(WEBSOCKET_DESTROYED, 1008);
VALUE(WEBSOCKET_PROTOCOL_ERROR, 1009);
VALUE(WEBSOCKET_SEND_NO_MEMORY, 1010);
VALUE(WEBSOCKET_SEND_DATA_NULL, 1011);
VALUE(WEBSOCKET_DATA_LENGTH_EXCEEDED, 1012);
VALUE(WEBSOCKET_QUEUE_LENGTH_EXCEEDED, 1013);
VALUE(WEBSOCKET_NO_CLIENT_CONTEXT, 1014);
VALUE(WEBSOCKET_NO_HEADER_CONTEXT, 1015);
VALUE(WEBSOCKET_HEADER_EXCEEDED, 1016);
VALUE(WEBSOCKET_NO_CONNECTION, 1017);
VALUE(WEBSOCKET_NO_CONNECTION_CONTEXT, 1018);

/* That a number is unsigned, and a text constant, is seen where a pointer to it is taken. */
void fields_have_their_types(WebSocket_CloseResult *closed, WebSocket_CloseOption *option,
                             WebSocket_ErrorResult *error, WebSocket_OpenResult *opened,
                             WebSocket_Header *header, WebSocket *client);
void fields_have_their_types(WebSocket_CloseResult *closed, WebSocket_CloseOption *option,
                             WebSocket_ErrorResult *error, WebSocket_OpenResult *opened,
                             WebSocket_Header *header, WebSocket *client)
{
    uint32_t *number;
    const char **text;
    struct WebSocket_Header **fields;
    void (**on_open)(struct WebSocket *, struct WebSocket_OpenResult);
    void (**on_message)(struct WebSocket *, char *, uint32_t);
    void (**on_error)(struct WebSocket *, struct WebSocket_ErrorResult);
    void (**on_close)(struct WebSocket *, struct WebSocket_CloseResult);

    number = &closed->code;
    number = &option->code;
    number = &error->errorCode;
    number = &opened->code;
    text = &closed->reason;
    text = &option->reason;
    text = &error->errorMessage;
    text = &opened->reason;
    text = &header->fieldName;
    text = &header->fieldValue;
    fields = &header->next;
    fields = &client->requestOptions.headers;
    on_open = &client->onOpen;
    on_message = &client->onMessage;
    on_error = &client->onError;
    on_close = &client->onClose;
    (void)number, (void)text, (void)fields;
    (void)on_open, (void)on_message, (void)on_error, (void)on_close;
}
