/*
 * The header under the path that programs for OpenHarmony include it by.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 */
#include "../../net_websocket.h"
