# mr_flags: the warnings, hardening and instrumentation that every object of ours is compiled with.
add_library(mr_flags INTERFACE)
target_compile_definitions(mr_flags INTERFACE _GNU_SOURCE)
target_compile_options(mr_flags INTERFACE
    -UNDEBUG # asserts stay on in release
    -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual
    -Wwrite-strings -Wformat=2 -Wundef -Wvla -fno-common -fno-omit-frame-pointer)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(mr_flags INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE)
    target_link_options(mr_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(MR_SANITIZE)
    target_compile_options(mr_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all)
    target_link_options(mr_flags INTERFACE -fsanitize=address,undefined)
endif()

if(MR_COVERAGE)
    target_compile_options(mr_flags INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(mr_flags INTERFACE --coverage)
endif()
