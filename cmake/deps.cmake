# librdkafka and LuaJIT: those that ship with the router (tools/deps), or the system's.
set(MR_LIBRARIES auto CACHE STRING "librdkafka and LuaJIT: those of tools/deps, which are built if need be (deps), those of the system (system), or those of tools/deps if they are built (auto)")
set_property(CACHE MR_LIBRARIES PROPERTY STRINGS auto deps system)

set(prefix "")
if(MR_LIBRARIES STREQUAL "deps")
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/deps OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
elseif(MR_LIBRARIES STREQUAL "auto")
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/deps --where OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
elseif(NOT MR_LIBRARIES STREQUAL "system")
    message(FATAL_ERROR "MR_LIBRARIES is '${MR_LIBRARIES}': use auto, deps or system")
endif()

# What pkg-config said of another prefix does not hold any more.
if(NOT prefix STREQUAL "${MR_LIBRARIES_PREFIX}")
    get_cmake_property(cached CACHE_VARIABLES)
    list(FILTER cached INCLUDE REGEX "^(pkgcfg_lib|__pkg_config_checked)_(RDKAFKA|LUAJIT)")
    foreach(name ${cached})
        unset(${name} CACHE)
    endforeach()
endif()
set(MR_LIBRARIES_PREFIX "${prefix}" CACHE INTERNAL "the prefix of tools/deps, empty for the system's libraries")

if(prefix)
    list(PREPEND CMAKE_PREFIX_PATH ${prefix})
    message(STATUS "librdkafka and LuaJIT: those of tools/deps, in ${prefix}")
else()
    message(STATUS "librdkafka and LuaJIT: the system's")
endif()
