# librdkafka and LuaJIT: the system's, or those that ship with the router. tools/deps builds the latter if they are not built yet.
set(MR_LIBRARIES system CACHE STRING "librdkafka and LuaJIT: those of the system, or those of tools/deps (deps)")
set_property(CACHE MR_LIBRARIES PROPERTY STRINGS system deps)

if(MR_LIBRARIES STREQUAL "deps")
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/deps OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    list(PREPEND CMAKE_PREFIX_PATH ${prefix})
elseif(NOT MR_LIBRARIES STREQUAL "system")
    message(FATAL_ERROR "MR_LIBRARIES is '${MR_LIBRARIES}': use system or deps")
endif()
