# mr_embed_lua(target folder): compiles every folder/**/*.lua into `target` as text, so that the binary needs no files of
# its own at run time. The table is declared in src/lua/embedded.h.
function(mr_embed_lua target folder)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/${folder} ${folder}/*.lua)
    set(output ${CMAKE_BINARY_DIR}/embedded.c)
    list(TRANSFORM sources PREPEND ${CMAKE_SOURCE_DIR}/${folder}/ OUTPUT_VARIABLE inputs)
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DFOLDER=${CMAKE_SOURCE_DIR}/${folder} "-DSOURCES=${sources}"
                -P ${CMAKE_SOURCE_DIR}/cmake/embed-files.cmake
        DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/cmake/embed-files.cmake
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
